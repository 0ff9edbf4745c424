"""The IDX format of MNIST: a header that says the type and the lengths, and then the bytes.

Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", which describes the format at its end.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError
from neuronet.environments.images.images import Images
from neuronet.environments.sources import Files, Source

BYTES = 0x08
"""What the header says of unsigned bytes, the only type that images and labels come in."""

CHUNK_SIZE = 1 << 24
"""Bytes read at a time."""

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
"""What MNIST and its kin call their files."""

Part = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Images (N, ...) and labels (N,)."""


def read_idx(files: Files, name: str, dimensions: int | None = None) -> NDArray[np.uint8]:
    """The array in a file, gzipped or not.

    Args:
        files: Where the file is.
        name: Its name.
        dimensions: How many the array must have: 1 for labels, 3 for images; None for any.

    Raises:
        NeuroNetError: The file is missing, cut short, too long, or no such array.
    """
    what = f"'{name}' in '{files.path}'"
    with files.open(name) as stream:
        shape = _header(stream, what, dimensions)
        if 0 in shape:
            raise NeuroNetError(f"{what} is empty: its header announces an array of {shape}")
        try:
            array = np.empty(shape, dtype=np.uint8)
        except (MemoryError, ValueError):
            raise NeuroNetError(f"{what} is broken: its header announces an array of {shape}") from None
        view = array.data.cast("B")
        filled = 0
        while filled < len(view):
            count = stream.readinto(view[filled : filled + CHUNK_SIZE])
            if not count:
                raise NeuroNetError(f"{what} is cut short: its header announces {len(view):,} bytes, there are {filled:,}")
            filled += count
        if stream.read(1):
            raise NeuroNetError(f"{what} is broken: there is more in it than the {len(view):,} bytes that its header announces")
    return array


def _header(stream: IO[bytes], what: str, dimensions: int | None) -> tuple[int, ...]:
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\x00\x00" or start[3] == 0:
        raise NeuroNetError(f"{what} is no IDX file: it should begin with two zero bytes, a type and a number of dimensions")
    if start[2] != BYTES:
        raise NeuroNetError(f"{what} should hold unsigned bytes (type 0x08), but its type is 0x{start[2]:02x}")
    if dimensions is not None and start[3] != dimensions:
        kind = "labels" if dimensions == 1 else "images"
        raise NeuroNetError(f"{what} should hold {kind}, an array of {dimensions} dimensions, but it has {start[3]}")
    lengths = stream.read(4 * start[3])
    if len(lengths) < 4 * start[3]:
        raise NeuroNetError(f"{what} is cut short: it ends in its header")
    return tuple(int(length) for length in np.frombuffer(lengths, dtype=">u4"))


def read_part(files: Files, images: str, labels: str, shape: tuple[int, ...] | None = None) -> Part:
    """Images and their labels.

    Args:
        files: Where the files are.
        images: The name of the file of images.
        labels: The name of the file of labels.
        shape: What each image must be, such as (28, 28); None for anything.

    Raises:
        NeuroNetError: A file is missing or broken, or they do not fit.
    """
    pictures = read_idx(files, images, None if shape is None else 1 + len(shape))
    classes = read_idx(files, labels, 1)
    if shape is not None and pictures.shape[1:] != shape:
        raise NeuroNetError(f"'{images}' in '{files.path}' should hold images of {shape}, but they are of {pictures.shape[1:]}")
    if len(pictures) != len(classes):
        raise NeuroNetError(
            f"'{images}' and '{labels}' in '{files.path}' do not fit: {len(pictures):,} images, {len(classes):,} labels"
        )
    return pictures, classes


def mnist_like(source: Source, data_dir: str, classes: int | tuple[str, ...] = 10) -> Images:
    """MNIST, or a data set of the same form: images of 28 x 28 pixels in the four `FILES`.

    Args:
        source: Where they are.
        data_dir: A folder to look in first; "" for none.
        classes: How many there are, or their names.

    Raises:
        NeuroNetError: A file is missing or broken.
    """
    files = source.find(data_dir)
    train, test = (read_part(files, *pair, (28, 28)) for pair in (FILES[:2], FILES[2:]))
    return Images(train, test, classes=classes, name=f"{source.name} in '{files.path}'")


def read_idx_folder(folder: str | Path) -> Images:
    """The environment in any folder that has images and labels as MNIST has them: idx:FOLDER.

    The folder holds one file each, gzipped or not, whose name has idx and the words train and images, train and labels, t10k
    (or test) and images, t10k (or test) and labels.

    Raises:
        NeuroNetError: A file is missing, there are several, or one is broken.
    """
    place = Path(folder)
    if not place.is_dir():
        raise NeuroNetError(f"there is no folder '{place}': idx:FOLDER needs one with train and t10k files of images and labels")
    files = Files(place)
    train, test = (
        read_part(files, _single_match(place, words, "images"), _single_match(place, words, "labels"))
        for words in (("train",), ("t10k", "test"))
    )
    return Images(train, test, name=str(place))


def _single_match(folder: Path, words: tuple[str, ...], what: str) -> str:
    fitting = [
        path.name
        for path in sorted(folder.iterdir())
        if path.is_file() and what in path.name and any(word in path.name for word in words) and "idx" in path.name
    ]
    if len(fitting) != 1:
        wanted = f"{words[0]}-{what}-idx{3 if what == 'images' else 1}-ubyte"
        there = f"there are {', '.join(fitting)}" if fitting else "there is none"
        raise NeuroNetError(f"'{folder}' needs one file such as '{wanted}' or '{wanted}.gz', {there}")
    return fitting[0]
