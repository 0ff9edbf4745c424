from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from neuronet.core.errors import NeuroNetError
from neuronet.core.payoff import CrossEntropy, SquaredError
from neuronet.environments import Images, Table, from_dataset, read_image_folder
from neuronet.testing import check_environment
from tests.helpers.dataset_writers import images, labels


def test_a_fifth_is_kept_for_the_test_with_its_share_of_every_class():
    world = Images((images(50, (4, 3)), labels(50, 5)))
    check_environment(world)
    assert (len(world.train), len(world.test), world.outputs, world.shape) == (40, 10, 5, (4, 3))
    assert (np.bincount(world.test.targets) == 2).all()
    both = np.vstack((world.train.inputs, world.test.inputs))
    assert sorted(map(tuple, both)) == sorted(map(tuple, images(50, (12,))))


def test_given_test_set_is_kept():
    world = Images((images(20), labels(20)), (images(8, seed=9), labels(8)), classes=tuple("abcdefghij"))
    np.testing.assert_array_equal(world.test.inputs, images(8, (784,), seed=9))
    assert world.classes == tuple("abcdefghij")


def test_constant_pixels_are_zero():
    pictures = images(20, (2, 2))
    pictures[:, 0, 1] = 77
    world = Images((pictures, labels(20)), (images(8, (2, 2), seed=9), labels(8)))
    assert not world.train.scaled().inputs[:, 1].any()
    assert not world.test.scaled().inputs[:, 1].any()


GOOD = (images(20), labels(20))
WRONG = {
    "floats": (((images(20) / 255, labels(20)),), {}, r"here: images must be bytes \(uint8\).* got float64"),
    "no images": (((images(0), labels(0)),), {}, r"without 0, got uint8 of shape \(0, 28, 28\)"),
    "a label less": (((images(20), labels(19)),), {}, r"for each of 20 images, got uint8 of shape \(19,\)"),
    "labels of fractions": (((images(20), labels(20) / 2),), {}, "an integer from 0 for each"),
    "labels below 0": (((images(20), labels(20).astype(int) - 1),), {}, "classes must be integers from 0, got -1"),
    "too few classes": ((GOOD, GOOD), {"classes": 5}, "from 0 to 4, got 9"),
    "a test of another shape": ((GOOD, (images(4, (3, 3)), labels(4))), {}, r"\(28, 28\), test images \(3, 3\)"),
    "a test of floats": ((GOOD, (images(4) / 2, labels(4))), {}, "here, test: images must be bytes"),
    "a class of one": (((images(20), np.eye(20, dtype=int)[0]),), {}, "class 1 has one"),
    "labels of 64 bits": (
        ((images(20), np.full(20, 2**64 - 1, np.uint64)),),
        {},
        "classes must be integers from 0, got 18446744",
    ),
    "channels last": (((images(20, (8, 8, 3)), labels(20)),), {}, r"channels first, got the shape \(20, 8, 8, 3\)"),
    "a class twice": ((GOOD, GOOD), {"classes": ["a", "b"] * 5}, "different names, but 'a' is there twice"),
    "true classes": ((GOOD, GOOD), {"classes": True}, "classes must be an integer from 1 to 100000, got True"),
    "endless classes": ((GOOD, GOOD), {"classes": 10**9}, "classes must be an integer from 1 to 100000, got 1000000000"),
    "three arrays": (((*GOOD, labels(20)),), {}, "must be two arrays each, images and classes"),
    "no arrays": ((None,), {}, "must be two arrays each, images and classes, got None"),
    "no share": ((GOOD,), {"test_share": 1.0}, "test_share must be"),
}


@pytest.mark.parametrize(("arrays", "options", "message"), WRONG.values(), ids=WRONG)
def test_invalid_images_are_refused_in_one_sentence(arrays, options, message):
    with pytest.raises(NeuroNetError, match=message) as caught:
        Images(*arrays, name="here", **options)
    assert "\n" not in str(caught.value)


def test_the_number_of_classes_may_be_of_numpy():
    assert Images(GOOD, GOOD, classes=np.int64(12)).outputs == 12


def paint(folder: Path, count: int = 10, shape: tuple[int, ...] = (6, 5), suffix: str = ".png") -> np.ndarray:
    folder.mkdir(parents=True, exist_ok=True)
    pixels = images(count, shape, seed=len(folder.name))
    for number, each in enumerate(pixels):
        Image.fromarray(each).save(folder / f"{number:02d}{suffix}")
    return pixels


def test_a_folder_of_grey_images(tmp_path):
    painted = {name: paint(tmp_path / name) for name in ("cats", "elephants")}
    (tmp_path / "cats" / "notes.txt").write_text("not an image", encoding="utf-8")
    (tmp_path / "cats" / ".hidden.png").write_text("nor this", encoding="utf-8")
    (tmp_path / ".cache").mkdir()
    world = read_image_folder(str(tmp_path))
    check_environment(world)
    assert (world.classes, world.shape, len(world.train), len(world.test)) == (("cats", "elephants"), (6, 5), 16, 4)
    for number, name in enumerate(world.classes):
        parts = [part.inputs[part.targets == number] for part in (world.train, world.test)]
        assert sorted(map(tuple, np.vstack(parts))) == sorted(map(tuple, painted[name].reshape(10, 30)))


def test_colour_image_folder_with_given_splits(tmp_path):
    for part, count in (("train", 6), ("test", 3)):
        painted = paint(tmp_path / part / "a", count, (4, 4, 3))
        paint(tmp_path / part / "b", count, (4, 4))  # grey among colours
    world = read_image_folder(tmp_path)
    assert (world.shape, len(world.train), len(world.test)) == ((3, 4, 4), 12, 6)
    np.testing.assert_array_equal(world.test.inputs[:3].reshape(3, 3, 4, 4), np.moveaxis(painted, -1, 1))
    grey = world.test.inputs[3:].reshape(3, 3, 16)
    assert (grey == grey[:, :1]).all()


def test_images_of_many_sizes_are_scaled_if_that_is_asked_for(tmp_path):
    paint(tmp_path / "a", 4, (6, 5))
    paint(tmp_path / "b", 4, (9, 7), ".bmp")
    with pytest.raises(NeuroNetError, match=r"9 x 7 and 6 x 5: use images:FOLDER\(size"):
        read_image_folder(tmp_path)
    assert read_image_folder(tmp_path, size=8).shape == (8, 8)


def test_a_folder_of_no_images_is_refused(tmp_path):
    with pytest.raises(NeuroNetError, match=r"nowhere' not found"):
        read_image_folder(tmp_path / "nowhere")
    paint(tmp_path / "a")
    with pytest.raises(NeuroNetError, match=r"two or more subfolders of images, got a$"):
        read_image_folder(tmp_path)
    (tmp_path / "b").mkdir()
    with pytest.raises(NeuroNetError, match=r"b' has no images"):
        read_image_folder(tmp_path)
    whole = (tmp_path / "a" / "00.png").read_bytes()
    for content in (b"", b"prose", whole[: len(whole) // 2]):
        (tmp_path / "b" / "0.png").write_bytes(content)
        with pytest.raises(NeuroNetError, match=r"cannot read the image '.*0\.png'") as caught:
            read_image_folder(tmp_path)
        assert "\n" not in str(caught.value)
    with pytest.raises(NeuroNetError, match="size must be an integer from 1 to 4096"):
        read_image_folder(tmp_path, size=0)


class Pictures(Dataset):
    """What torchvision gives without a transform."""

    def __init__(self, mode: str, count: int = 20) -> None:
        self.pixels = images(count, (4, 4, 3) if mode == "RGB" else (4, 4))

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, place: int):
        return Image.fromarray(self.pixels[place]), place % 2


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_data_set_of_pictures_stays_bytes(mode):
    world = from_dataset(Pictures(mode), Pictures(mode, 6))
    check_environment(world)
    assert isinstance(world, Images)
    expected = Pictures(mode, 6).pixels
    expected = np.moveaxis(expected, -1, 1) if mode == "RGB" else expected
    np.testing.assert_array_equal(world.test.inputs, expected.reshape(6, -1))
    assert (world.shape, len(world.train)) == (expected.shape[1:], 20)


@pytest.mark.parametrize("with_test", [False, True])
def test_a_data_set_of_numbers_becomes_a_table(with_test):
    x, y = torch.randn(20, 3, 2, 2, generator=torch.Generator().manual_seed(0)), torch.arange(20) % 4
    world = from_dataset(TensorDataset(x, y), TensorDataset(x[:8] * 2, y[:8]) if with_test else None)
    check_environment(world)
    assert (world.shape, world.outputs, world.payoff) == ((3, 2, 2), 4, CrossEntropy())
    if with_test:
        rows = x.numpy().astype(float).reshape(20, 12)
        np.testing.assert_allclose(world.test.inputs, (2 * rows[:8] - rows.mean(0)) / rows.std(0), atol=1e-12)
        np.testing.assert_array_equal(world.test.targets, y[:8])
    else:
        same = Table(x.reshape(20, 12).numpy(), y.numpy())
        np.testing.assert_array_equal(world.train.inputs, same.train.inputs)


def test_a_data_set_of_values():
    world = from_dataset([(np.arange(3.0) + i, i / 2) for i in range(10)])
    assert (world.payoff, world.outputs, world.inputs, world.shape) == (SquaredError(), 1, 3, (3,))
    bytes_to_values = from_dataset(TensorDataset(torch.tensor(images(10, (2, 2))), torch.arange(10)), payoff="squared-error")
    assert bytes_to_values.payoff == SquaredError()


class Stream(IterableDataset):
    def __iter__(self):
        yield 1.0, 0


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (Stream(), "here must have a length.* got Stream"),
        ([], "here is empty"),
        ([1.0, 2.0], r"here: item 0 must be a pair \(input, target\), got float"),
        ([([1.0], 0), ([1.0, 2.0], 1)], r"item 1 has float64 of \(2,\) and item 0 has float64 of \(1,\)"),
        ([("word", 0)], "here: the input of item 0 must be numbers, got str"),
        ([([1.0], None)], "here: the target of item 0 must be numbers, got NoneType"),
    ],
)
def test_invalid_data_set_is_refused_in_one_sentence(dataset, message):
    with pytest.raises(NeuroNetError, match=message):
        from_dataset(dataset, name="here")


def test_test_images_must_have_the_shape_of_the_training_images():
    train = [([float(i), 1.0], i % 2) for i in range(10)]
    with pytest.raises(NeuroNetError, match="inputs and targets of the test must have the same form"):
        from_dataset(train, [([1.0], 0)])
    with pytest.raises(NeuroNetError, match=r"inputs do not fit targets of shape \(3,\)"):
        Table([[1.0], [2.0]], [0, 1], test=([[1.0]], [0, 1, 1]))
