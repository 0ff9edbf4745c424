"""Any folder of images with a subfolder for each class: images:FOLDER."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError, check_number
from neuronet.environments.images.images import Images

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
"""Of files that are taken for images; others are left alone."""

GREY = ("1", "L", "LA")
"""What Pillow calls images without colour."""

PARTS = ("train", "test")


def read_image_folder(folder: str | Path, *, size: int | None = None) -> Images:
    """The environment in a folder that has a subfolder of images for each class.

    Where there are subfolders train and test, each with the same classes, they are the parts; else a fifth of the images is
    kept for the test, with the same share of every class. Images are grey if all of them are, and else have three channels.
    Hidden files, and files that are no images by their names, are left alone.

    Args:
        folder: The folder.
        size: Pixels of each side, 1 or more, to which every image is scaled; without, all must be of one size.

    Raises:
        NeuroNetError: There are no images, one cannot be read, or sizes or classes do not fit.
    """
    place = Path(folder)
    if size is not None:
        check_number("size", size, 1, 4096, whole=True)
    if not place.is_dir():
        raise NeuroNetError(f"there is no folder '{place}': images:FOLDER needs one with a subfolder of images for each class")
    roots = [place / part for part in PARTS] if all((place / part).is_dir() for part in PARTS) else [place]
    names = [_subfolders(root) for root in roots]
    if len(names[0]) < 2 or names[0] != names[-1]:
        wanted = (
            "the same classes in train and in test"
            if len(roots) == 2
            else "a subfolder of images for each of two classes or more"
        )
        raise NeuroNetError(f"'{place}' must have {wanted}, it has {', '.join(names[0]) or 'none'}")
    listed = [[(path, number) for number, name in enumerate(names[0]) for path in _images_in(root / name)] for root in roots]
    paths = [path for part in listed for path, _ in part]
    mode = "L" if all(_mode(path) in GREY for path in paths) else "RGB"
    parts = [(_stacked([path for path, _ in part], mode, size), np.array([number for _, number in part])) for part in listed]
    return Images(parts[0], parts[1] if len(parts) == 2 else None, classes=names[0], name=str(place))


def _subfolders(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _images_in(folder: Path) -> Iterator[Path]:
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith("."))
    if not found:
        raise NeuroNetError(f"there are no images in '{folder}': their names must end in {', '.join(SUFFIXES)}")
    return iter(found)


def _opened(path: Path, size: int | None = None, mode: str | None = None) -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise NeuroNetError("images:FOLDER needs Pillow: pip install 'neuronet[data]'") from None
    try:
        with Image.open(path) as image:
            if mode is None:
                return image.mode
            pixels = image.convert(mode)
            return np.asarray(pixels if size is None else pixels.resize((size, size), Image.Resampling.BILINEAR))
    except Exception as error:  # Pillow raises one of many, by the format and by where the file is broken
        raise NeuroNetError(f"cannot read the image '{path}': {' '.join(str(error).split()) or type(error).__name__}") from None


def _mode(path: Path) -> str:
    return str(_opened(path))


def _stacked(paths: list[Path], mode: str, size: int | None) -> NDArray[np.uint8]:
    """All images in one array of bytes, channels first."""
    first = _opened(paths[0], size, mode)
    images = np.empty((len(paths), *np.moveaxis(first, -1, 0).shape) if mode == "RGB" else (len(paths), *first.shape), np.uint8)
    for place, path in enumerate(paths):
        image = _opened(path, size, mode)
        if image.shape != first.shape:
            height, width = image.shape[:2]
            raise NeuroNetError(
                f"'{path}' has {height} x {width} pixels and '{paths[0]}' has {first.shape[0]} x {first.shape[1]}: "
                "they must be of one size, or say images:FOLDER(size=32)"
            )
        images[place] = np.moveaxis(image, -1, 0) if mode == "RGB" else image
    return images
