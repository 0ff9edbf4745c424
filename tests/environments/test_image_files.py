"""Images are read whole, or refused: deep ones, transparent ones, turned ones, and those in unusual places."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, TensorDataset

from neuronet.core import DataError
from neuronet.environments import Images, from_dataset, read_image_folder

STEPS = np.add.outer(np.arange(6), np.arange(6))
ROWS = b"".join(bytes([0]) + bytes(range(36)) for _ in range(6))


def save(root: Path, image: Image.Image, suffix: str = ".png", **options) -> Path:
    """Save an image in the first of two classes, with plain images in both."""
    for name in ("a", "b"):
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(4):
            Image.fromarray(np.full((6, 6), 20 * number, np.uint8)).save(root / name / f"{number}.png")
    path = root / "a" / f"one{suffix}"
    image.save(path, **options)
    return path


def pgm(path: Path) -> None:
    path.write_bytes(b"P5\n6 6\n65535\n" + (STEPS * 400).astype(">u2").tobytes())


def deep_colour_png(path: Path) -> None:
    import struct
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 6, 6, 16, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(ROWS)) + chunk(b"IEND", b""))


DEEP = {
    "16-bit.png": lambda path: Image.fromarray((STEPS * 400).astype("u2")).save(path),
    "16-bit.tif": lambda path: Image.fromarray((STEPS * 400).astype("u2")).save(path),
    "32-bit.tif": lambda path: Image.fromarray((STEPS * 9000).astype("i4")).save(path),
    "float.tif": lambda path: Image.fromarray((STEPS / 10).astype("f4")).save(path),
    "16-bit.pgm": pgm,
    "48-bit.png": deep_colour_png,
}


@pytest.mark.parametrize(("name", "write"), DEEP.items(), ids=DEEP)
def test_an_image_of_more_than_eight_bits_is_refused(tmp_path, name, write):
    path = save(tmp_path, Image.new("L", (6, 6)))
    write(path.with_name(name))
    with pytest.raises(DataError, match=rf"the image '.*{name}' has (more than 8 bits a channel|floating-point pixels)"):
        read_image_folder(tmp_path)


def transparent(mode: str) -> Image.Image:
    ink = np.zeros((6, 6, 4), np.uint8)
    ink[2:4, 2:4, 3] = 255
    return Image.fromarray(ink).convert(mode)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_pixels_are_refused_and_an_opaque_channel_is_not(tmp_path, mode):
    options = {"transparency": 0} if mode == "P" else {}
    save(tmp_path, transparent(mode), **options)
    with pytest.raises(DataError, match=r"one\.png' has transparent pixels: paint it on a background"):
        read_image_folder(tmp_path)
    opaque = Image.fromarray(np.full((6, 6, 4), 255, np.uint8))
    save(tmp_path, opaque.convert(mode))
    assert len(read_image_folder(tmp_path).train) == 7


def test_an_image_of_several_frames_is_refused(tmp_path):
    frames = [Image.new("L", (6, 6), value) for value in (0, 255)]
    save(tmp_path, frames[0], ".gif", save_all=True, append_images=frames[1:])
    with pytest.raises(DataError, match=r"one\.gif' has 2 frames"):
        read_image_folder(tmp_path)


def test_an_image_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise shows it upright
    stored = STEPS.astype(np.uint8) * 3 + np.arange(6, dtype=np.uint8)
    save(tmp_path, Image.fromarray(stored), exif=exif)
    world = read_image_folder(tmp_path)
    pictures = np.concatenate((world.train.inputs, world.test.inputs)).reshape(-1, 6, 6)
    assert sum(np.array_equal(picture, np.rot90(stored, -1)) for picture in pictures) == 1


@pytest.mark.parametrize("suffix", [".jfif", ".JPE", ".pbm"])
def test_unusual_suffixes_and_deeper_folders_are_read(tmp_path, suffix):
    path = save(tmp_path, Image.new("L", (6, 6), 99))
    (path.parent / "more" / "still").mkdir(parents=True)
    form = "PPM" if suffix == ".pbm" else "JPEG"
    for number in range(3):
        Image.new("L", (6, 6), number * 50).save(path.parent / "more" / "still" / f"{number}{suffix}", format=form)
    (path.parent / ".hidden").mkdir()
    Image.new("L", (9, 9)).save(path.parent / ".hidden" / "0.png")
    world = read_image_folder(tmp_path)
    assert len(world.train) + len(world.test) == 12


def test_images_that_would_be_left_out_are_refused(tmp_path):
    path = save(tmp_path, Image.new("L", (6, 6)))
    (path.parent / "new.avif").write_bytes(b"")
    with pytest.raises(DataError, match=r"the image '.*new\.avif' cannot be read: the names of images must end in"):
        read_image_folder(tmp_path)
    (path.parent / "new.avif").rename(tmp_path / "new.png")
    with pytest.raises(DataError, match=r"the image '.*new\.png' lies beside the folders of the classes"):
        read_image_folder(tmp_path)


UNSAID = {
    "without a suffix": ("noext", lambda path: Image.new("L", (6, 6)).save(path, format="PNG")),
    "with another suffix": ("new.png.bak", lambda path: Image.new("L", (6, 6)).save(path, format="TIFF")),
    "with a space": ("new.jpg ", lambda path: Image.new("L", (6, 6)).save(path, format="JPEG")),
    "an array": ("new.npy", lambda path: np.save(path, STEPS)),
    "of another format": ("new.tga", lambda path: Image.new("L", (6, 6)).save(path)),
}


@pytest.mark.parametrize(("name", "write"), UNSAID.values(), ids=UNSAID)
def test_an_image_with_a_name_that_is_not_read_is_refused(tmp_path, name, write):
    path = save(tmp_path, Image.new("L", (6, 6)))
    write(path.with_name(name))
    with pytest.raises(DataError, match=rf"the image '.*{name}' cannot be read: the names of images must end in"):
        read_image_folder(tmp_path)


def test_a_pipe_or_a_device_is_refused_and_does_not_hang(tmp_path):
    path = save(tmp_path, Image.new("L", (6, 6)))
    os.mkfifo(path.with_name("pipe"))  # not an image by its name
    assert len(read_image_folder(tmp_path).train) == 7
    os.mkfifo(path.with_name("pipe.png"))
    with pytest.raises(DataError, match=r"pipe\.png' cannot be read: it is a pipe, a socket or a device"):
        read_image_folder(tmp_path)
    path.with_name("pipe.png").unlink()
    path.with_name("zero.png").symlink_to("/dev/zero")
    with pytest.raises(DataError, match=r"zero\.png' cannot be read: it is a pipe, a socket or a device"):
        read_image_folder(tmp_path)


def test_a_link_brings_no_image_into_two_classes(tmp_path):
    path = save(tmp_path, Image.new("L", (6, 6)))
    (path.parent / "loop").symlink_to(tmp_path)
    with pytest.raises(DataError, match="is in 'a' and 'b': leave out the link"):
        read_image_folder(tmp_path)
    (path.parent / "loop").unlink()
    for part in ("train", "test"):
        save(tmp_path / "parts" / part, Image.new("L", (6, 6)))
    (tmp_path / "parts/test/b/more.png").symlink_to(tmp_path / "parts/train/b/0.png")
    with pytest.raises(DataError, match="is in 'train/b' and 'test/b': leave out the link"):
        read_image_folder(tmp_path / "parts")


@pytest.mark.parametrize("names", [("Train", "Test"), ("training", "testing"), ("TRAIN", "test", "c")])
def test_other_names_of_the_parts_are_no_classes(tmp_path, names):
    for name in names:
        save(tmp_path / name, Image.new("L", (6, 6)))
    with pytest.raises(DataError, match="must have the folders train and test, or a folder for each class, got"):
        read_image_folder(tmp_path)


def test_parts_are_not_taken_for_classes(tmp_path):
    for part in ("train", "val"):
        save(tmp_path / part, Image.new("L", (6, 6)))
    with pytest.raises(DataError, match="must have the folders train and test, or a folder for each class, got train, val"):
        read_image_folder(tmp_path)
    save(tmp_path / "test", Image.new("L", (6, 6)))
    assert read_image_folder(tmp_path).classes == ("a", "b")
    (tmp_path / "c").mkdir()
    with pytest.raises(DataError, match="has the folders train and test, and 'c' beside them"):
        read_image_folder(tmp_path)


def test_an_image_in_disguise_runs_no_other_reader(tmp_path):
    path = save(tmp_path, Image.new("L", (6, 6)))
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 6 6\n%%EndComments\n")
    with pytest.raises(DataError, match="cannot read the image"):
        read_image_folder(tmp_path)


def test_labels_of_images_are_the_classes_that_occur():
    labels = np.repeat(np.array([0, 1, 255], np.uint8), 6)
    world = Images((np.arange(72, dtype=np.uint8).reshape(18, 2, 2), labels))
    assert (world.outputs, world.classes) == (3, ("0", "1", "255"))
    assert np.bincount(world.train.targets).tolist() in ([4, 5, 5], [5, 4, 5], [5, 5, 4])


def test_a_loader_is_refused_and_half_precision_is_read():
    x, y = torch.tensor(STEPS[:, :3], dtype=torch.bfloat16).repeat(4, 1), torch.arange(24) % 2
    pairs = TensorDataset(x, y)
    with pytest.raises(DataError, match=r"must be a data set, got DataLoader: give its \.dataset"):
        from_dataset(DataLoader(pairs, batch_size=4))
    one, other = from_dataset(pairs), from_dataset(TensorDataset(x.double(), y))
    np.testing.assert_array_equal(one.train.inputs, other.train.inputs)
    with pytest.raises(DataError, match=r"must be a pair \(input, target\), got 3 values"):
        from_dataset(TensorDataset(x, x, y))
    with pytest.raises(DataError, match="item 0 cannot be read by its number: KeyError"):
        from_dataset({"a": 1})
