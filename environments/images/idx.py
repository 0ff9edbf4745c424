"""The IDX format of MNIST: a header with type and lengths, then the bytes.

Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", which describes the format at its end.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, named_path, shortened
from neuronet.environments.images.images import Images
from neuronet.environments.sources import Files, Source

BYTES = 0x08
"""Type code of unsigned bytes, the only type of images and labels."""

CHUNK_SIZE = 1 << 24
"""Bytes read at a time."""

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
"""File names of MNIST and similar data sets."""

Part = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Images (N, ...) and labels (N,)."""


def read_idx(files: Files, name: str, dimensions: int | None = None) -> NDArray[np.uint8]:
    """Return the array of a file, gzipped or not.

    Args:
        files: Folder or archive of the file.
        name: Name of the file.
        dimensions: Required number of dimensions: 1 for labels, 3 for images; None for any.

    Raises:
        DataError: The file is missing, truncated, too long, or not such an array.
    """
    what = f"'{name}' in '{files.path}'"
    with files.open(name) as stream:
        shape = _header(stream, what, dimensions)
        if 0 in shape:
            raise DataError(f"{what} is empty: its header announces an array of {shape}")
        try:
            array = np.empty(shape, dtype=np.uint8)
        except (MemoryError, ValueError):
            raise DataError(f"{what} is broken: its header announces an array of {shape}") from None
        view = array.data.cast("B")
        filled = 0
        while filled < len(view):
            count = stream.readinto(view[filled : filled + CHUNK_SIZE])
            if not count:
                raise DataError(f"{what} is truncated: its header announces {len(view):,} bytes, got {filled:,}")
            filled += count
        if stream.read(1):
            raise DataError(f"{what} is broken: it has more than the {len(view):,} bytes that its header announces")
    return array


def _header(stream: IO[bytes], what: str, dimensions: int | None) -> tuple[int, ...]:
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\x00\x00" or start[3] == 0:
        raise DataError(f"{what} is not an IDX file: it must begin with two zero bytes, a type and a number of dimensions")
    if start[2] != BYTES:
        raise DataError(f"{what} should hold unsigned bytes (type 0x08), but its type is 0x{start[2]:02x}")
    if dimensions is not None and start[3] != dimensions:
        kind = "labels" if dimensions == 1 else "images"
        raise DataError(f"{what} should hold {kind}, an array of {dimensions} dimensions, but it has {start[3]}")
    lengths = stream.read(4 * start[3])
    if len(lengths) < 4 * start[3]:
        raise DataError(f"{what} is truncated: it ends in its header")
    return tuple(int(length) for length in np.frombuffer(lengths, dtype=">u4"))


def read_part(files: Files, images: str, labels: str, shape: tuple[int, ...] | None = None) -> Part:
    """Return images and their labels.

    Args:
        files: Folder or archive of the files.
        images: Name of the file of images.
        labels: Name of the file of labels.
        shape: Required shape of an image, such as (28, 28); None for any.

    Raises:
        DataError: A file is missing or broken, or they do not fit.
    """
    pixels = read_idx(files, images, None if shape is None else 1 + len(shape))
    classes = read_idx(files, labels, 1)
    if shape is not None and pixels.shape[1:] != shape:
        raise DataError(f"'{images}' in '{files.path}' should hold images of {shape}, but they have {pixels.shape[1:]}")
    if len(pixels) != len(classes):
        counts = f"{len(pixels):,} images, {len(classes):,} labels"
        raise DataError(f"'{images}' and '{labels}' in '{files.path}' do not fit: {counts}")
    return pixels, classes


def mnist_like(source: Source, data_dir: str, classes: int | tuple[str, ...] = 10) -> Images:
    """Return MNIST, or a data set of the same form: images of 28 x 28 pixels in the four `FILES`.

    Args:
        source: The files.
        data_dir: Folder to search first; "" for none.
        classes: Number of classes, or their names.

    Raises:
        DataError: A file is missing or broken.
    """
    files = source.find(data_dir)
    train, test = (read_part(files, *pair, (28, 28)) for pair in (FILES[:2], FILES[2:]))
    return Images(train, test, classes=classes, name=f"{source.name} in '{files.path}'")


def read_idx_folder(folder: str | Path) -> Images:
    """Return the environment of any folder with images and labels in MNIST's form: idx:FOLDER.

    The folder has one file each, gzipped or not or both, whose name contains idx and the words train and images, train and
    labels, t10k (or test) and images, t10k (or test) and labels.

    Raises:
        DataError: A file is missing, ambiguous, or broken.
    """
    path = named_path("folder", folder)
    if not path.is_dir():
        raise DataError(f"folder '{path}' not found: idx:FOLDER needs one with train and t10k files of images and labels")
    files = Files(path)
    train, test = (
        read_part(files, _single_match(path, words, "images"), _single_match(path, words, "labels"))
        for words in (("train",), ("t10k", "test"))
    )
    return Images(train, test, name=str(path))


def _single_match(folder: Path, words: tuple[str, ...], what: str) -> str:
    matches = [
        path.name
        for path in sorted(folder.iterdir())
        if path.is_file() and what in path.name and any(word in path.name for word in words) and "idx" in path.name
    ]
    matches = [name for name in matches if not name.endswith(".gz") or name.removesuffix(".gz") not in matches]
    if len(matches) != 1:
        example = f"{words[0]}-{what}-idx{3 if what == 'images' else 1}-ubyte"
        got = shortened(", ".join(matches)) or "none"
        got = shortened(", ".join(matches)) or "none"
        raise DataError(f"'{folder}' needs one file such as '{example}' or '{example}.gz', got {got}")
    return matches[0]
