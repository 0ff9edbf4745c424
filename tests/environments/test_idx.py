from __future__ import annotations

import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuronet.core.errors import NeuroNetError
from neuronet.environments import read_idx_folder
from neuronet.environments.images.idx import read_idx, read_part
from neuronet.environments.sources import Files
from tests.helpers import dataset_writers
from tests.helpers.dataset_writers import MNIST_FILES, idx, images, labels

NAME = "train-images-idx3-ubyte"


@pytest.mark.parametrize("spelled", [NAME, f"{NAME}.gz", "train-images.idx3-ubyte", "train-images.idx3-ubyte.gz"])
def test_arrays_are_read_plain_or_gzipped(tmp_path, spelled):
    dataset_writers.write(tmp_path / spelled, idx(images(7, (5, 3))))
    np.testing.assert_array_equal(read_idx(Files(tmp_path), NAME, 3), images(7, (5, 3)))


def test_gzip_is_known_by_its_content(tmp_path):
    (tmp_path / NAME).write_bytes(gzip.compress(idx(images(2))))  # as some folders have it
    np.testing.assert_array_equal(read_idx(Files(tmp_path), NAME), images(2))


GOOD = idx(images(4, (3, 2)))
BAD = {
    "empty": (b"", "is not an IDX file"),
    "prose": (b"Call me Ishmael.", "is not an IDX file"),
    "floats": (idx(np.zeros((4, 3, 2)), kind=0x0E), r"should hold unsigned bytes \(type 0x08\), but its type is 0x0e"),
    "labels for images": (idx(labels(4)), "should hold images, an array of 3 dimensions, but it has 1"),
    "ends in the header": (GOOD[:9], "truncated: it ends in its header"),
    "cut short": (GOOD[:-5], "truncated: .*24 bytes, got 19"),
    "too long": (GOOD + b"?", "more than the 24 bytes"),
    "no images": (idx(images(0, (3, 2))), r"is empty: its header announces an array of \(0, 3, 2\)"),
    "a header gone wild": (GOOD[:4] + b"\xff" * 12, "is broken: its header announces an array of"),
    "gzip cut short": (gzip.compress(GOOD)[:-10], "broken or truncated"),
    "gzip with a wrong sum": (gzip.compress(GOOD)[:-8] + bytes(8), "broken or truncated"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_invalid_array_is_refused_in_one_sentence(tmp_path, content, message):
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(NeuroNetError, match=message) as caught:
        read_idx(Files(tmp_path), NAME, 3)
    assert "\n" not in str(caught.value)
    assert NAME in str(caught.value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), zipped=st.booleans(), noise=st.binary(max_size=6))
def test_any_spoilt_file_is_read_or_refused(tmp_path, data, zipped, noise):
    whole = gzip.compress(GOOD, mtime=0) if zipped else GOOD
    place, end = data.draw(st.integers(0, len(whole))), data.draw(st.integers(0, len(whole)))
    (tmp_path / NAME).write_bytes(whole[:place] + noise + whole[place + len(noise) : max(place, end)])
    try:
        array = read_idx(Files(tmp_path), NAME)
    except NeuroNetError as error:
        assert "\n" not in str(error)
    else:
        assert array.dtype == np.uint8


def test_images_and_labels_must_fit(tmp_path):
    files = Files(tmp_path)
    dataset_writers.write(tmp_path / "images", idx(images(5)))
    dataset_writers.write(tmp_path / "labels", idx(labels(4)))
    with pytest.raises(NeuroNetError, match=r"'images' and 'labels' in .* do not fit: 5 images, 4 labels"):
        read_part(files, "images", "labels")
    with pytest.raises(NeuroNetError, match=r"should hold images of \(32, 32\), but they have \(28, 28\)"):
        read_part(files, "images", "labels", (32, 32))
    with pytest.raises(NeuroNetError, match=r"'nothing' or 'nothing.gz' not found"):
        read_part(files, "nothing", "labels")


@pytest.mark.parametrize("test", ["t10k", "test"])
def test_any_folder_in_the_form_of_mnist_is_an_environment(tmp_path, test):
    names = tuple(name.replace("t10k", f"mine-{test}") for name in MNIST_FILES)
    dataset_writers.mnist(tmp_path, names=names)
    world = read_idx_folder(str(tmp_path))
    np.testing.assert_array_equal(world.train.inputs, images(60, (784,), seed=1))
    np.testing.assert_array_equal(world.test.targets, labels(20))
    assert (world.outputs, world.shape) == (10, (28, 28))


def test_a_folder_without_the_files_is_refused(tmp_path):
    with pytest.raises(NeuroNetError, match=r"nowhere' not found"):
        read_idx_folder(tmp_path / "nowhere")
    dataset_writers.mnist(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(NeuroNetError, match=r"needs one file such as 't10k-labels-idx1-ubyte' or .*, got none"):
        read_idx_folder(tmp_path)
    dataset_writers.mnist(tmp_path)
    (tmp_path / "train-images-of-mine-idx3-ubyte").write_bytes(b"")
    with pytest.raises(NeuroNetError, match=r"got train-images-idx3-ubyte.gz, train-images-of-mine-idx3-ubyte"):
        read_idx_folder(tmp_path)


def test_unpacked_file_beside_its_gzipped_form_must_be_the_same(tmp_path):
    for suffix in (".gz", ""):
        dataset_writers.mnist(tmp_path, suffix=suffix)
    both = read_idx_folder(tmp_path)
    assert (len(both.train), both.shape) == (len(images(len(both.train))), (28, 28))
    path = tmp_path / NAME
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1
    path.write_bytes(changed)
    with pytest.raises(NeuroNetError, match=rf"{NAME}' and '{NAME}\.gz' beside it have different content"):
        read_idx_folder(tmp_path)
