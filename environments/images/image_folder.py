"""Folders of images with a subfolder for each class: images:FOLDER."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, MissingExtraError, check_number
from neuronet.environments.images.images import Images

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
"""Suffixes of image files; other files are ignored."""

GREY = ("1", "L", "LA")
"""Pillow's modes without colour."""

PARTS = ("train", "test")


def read_image_folder(folder: str | Path, *, size: int | None = None) -> Images:
    """Return the environment of a folder that has a subfolder of images for each class.

    If there are subfolders train and test, each with the same classes, they are the split; otherwise a fifth of the images is the
    test set, with the same share of every class. Images are grey if all of them are, otherwise they have three channels. Hidden
    files, and files without an image suffix, are ignored.

    Args:
        folder: The folder.
        size: Number of pixels of each side, 1 or more, to which images are resized; without it, all must have the same size.

    Raises:
        DataError: There are no images, an image cannot be read, or sizes or classes do not fit.
        MissingExtraError: Pillow is not installed.
    """
    root = Path(folder)
    if size is not None:
        check_number("size", size, 1, 4096, whole=True)
    if not root.is_dir():
        raise DataError(f"folder '{root}' not found: images:FOLDER needs one with a subfolder of images for each class")
    has_parts = all((root / part).is_dir() for part in PARTS)
    folders = [root / part for part in PARTS] if has_parts else [root]
    names = [_subfolders(part) for part in folders]
    if len(names[0]) < 2 or names[0] != names[-1]:
        expected = "two or more classes in train, and the same in test" if has_parts else "two or more subfolders of images"
        raise DataError(f"'{root}' must have {expected}, got {', '.join(names[0]) or 'none'}")
    listings = [[(path, label) for label, name in enumerate(names[0]) for path in _images_in(part / name)] for part in folders]
    is_grey = all(_mode(path) in GREY for listing in listings for path, _ in listing)
    parts = [_stacked(listing, "L" if is_grey else "RGB", size) for listing in listings]
    return Images(parts[0], parts[1] if has_parts else None, classes=names[0], name=str(root))


def _subfolders(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _images_in(folder: Path) -> Iterator[Path]:
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith("."))
    if not found:
        raise DataError(f"'{folder}' has no images, whose names must end in {', '.join(SUFFIXES)}")
    return iter(found)


def _opened(path: Path, size: int | None = None, mode: str | None = None) -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("images:FOLDER needs Pillow: pip install 'neuronet[data]'") from None
    try:
        with Image.open(path) as image:
            if mode is None:
                return image.mode
            pixels = image.convert(mode)
            return np.asarray(pixels if size is None else pixels.resize((size, size), Image.Resampling.BILINEAR))
    except Exception as error:  # Pillow raises one of many, by the format and by where the file is broken
        raise DataError(f"cannot read the image '{path}': {' '.join(str(error).split()) or type(error).__name__}") from None


def _mode(path: Path) -> str:
    return str(_opened(path))


def _stacked(listing: list[tuple[Path, int]], mode: str, size: int | None) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return all images in one array of bytes, channels first, with their labels."""
    first = _opened(listing[0][0], size, mode)
    shape = np.moveaxis(first, -1, 0).shape if mode == "RGB" else first.shape
    images = np.empty((len(listing), *shape), np.uint8)
    for index, (path, _) in enumerate(listing):
        image = _opened(path, size, mode)
        if image.shape != first.shape:
            sizes = " and ".join(f"{height} x {width}" for height, width in (image.shape[:2], first.shape[:2]))
            paths = f"'{path}' and '{listing[0][0]}'"
            raise DataError(f"images must have one size, but {paths} have {sizes}: use images:FOLDER(size=32)")
        images[index] = np.moveaxis(image, -1, 0) if mode == "RGB" else image
    return images, np.array([label for _, label in listing])
