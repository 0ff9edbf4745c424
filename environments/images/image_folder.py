"""Folders of images with a subfolder for each class: images:FOLDER."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, check_number, named_path, shortened
from neuronet.environments.images.image_files import OTHER_SUFFIXES, SUFFIXES, is_grey, is_image_content, read_image
from neuronet.environments.images.images import Images

PARTS = ("train", "test")

OTHER_PARTS = ("val", "valid", "validation", "dev")
"""Folders beside train and test that are left out."""

MISSPELT_PARTS = (*PARTS, *OTHER_PARTS, "training", "testing")
"""Names of parts, in small letters: no classes, where all folders have such names, or train and test are among them."""


def read_image_folder(folder: str | Path, *, size: int | None = None) -> Images:
    """Return the environment of a folder that has a subfolder of images for each class.

    If there are subfolders train and test, each with the same classes, they are the split, and a folder for validation is left
    out; otherwise a fifth of the images is the test set, with the same share of every class. Images in deeper folders belong to
    the class, too. Images are grey if all of them are, otherwise they have three channels; they are turned upright as their EXIF
    orientation says. Hidden files, and files that are no images by their names and their contents, are ignored.

    Args:
        folder: The folder.
        size: Number of pixels of each side, 1 or more, to which images are resized; without it, all must have the same size.

    Raises:
        DataError: There are no images, an image cannot be read or would not be kept whole (more than 8 bits a channel,
            transparent pixels, several frames, another format), or sizes or classes do not fit.
        MissingExtraError: Pillow is not installed.
    """
    root = named_path("folder", folder)
    if size is not None:
        check_number("size", size, 1, 4096, whole=True)
    if not root.is_dir():
        raise DataError(f"folder '{root}' not found: images:FOLDER needs one with a subfolder of images for each class")
    has_parts = _has_parts(root)
    folders = [root / part for part in PARTS] if has_parts else [root]
    names = [_subfolders(part) for part in folders]
    if len(names[0]) < 2 or names[0] != names[-1]:
        expected = "two or more classes in train, and the same in test" if has_parts else "two or more subfolders of images"
        raise DataError(f"'{root}' must have {expected}, got {shortened(', '.join(names[0])) or 'none'}")
    _check_no_image_beside(folders if not has_parts else [root, *folders])
    listings = [[(path, label) for label, name in enumerate(names[0]) for path in _images_in(part / name)] for part in folders]
    _check_in_one_class(listings, names[0])
    all_grey = all(is_grey(path) for listing in listings for path, _ in listing)
    parts = [_stacked(listing, "L" if all_grey else "RGB", size) for listing in listings]
    return Images(parts[0], parts[1] if has_parts else None, classes=names[0], name=str(root))


def _subfolders(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _has_parts(root: Path) -> bool:
    """Return whether the folder is split into train and test."""
    names = _subfolders(root)
    others = [name for name in names if name not in PARTS]
    if all(part in names for part in PARTS):
        wrong = next((name for name in others if name not in OTHER_PARTS), None)
        if wrong is not None:
            raise DataError(f"'{root}' has the folders train and test, and '{shortened(wrong)}' beside them: move it into both")
        return True
    small = {name.lower() for name in names}
    if len(names) > 1 and (small <= set(MISSPELT_PARTS) or small >= set(PARTS)):
        raise DataError(f"'{root}' must have the folders train and test, or a folder for each class, got {', '.join(names)}")
    return False


def _is_image(path: Path) -> bool:
    """Return whether a file is an image that can be read.

    Raises:
        DataError: It is an image by its name or its content, but its name does not say a format that is read; or it is no file,
            such as a pipe or a device.
    """
    if path.name.startswith(".") or path.is_dir():
        return False
    is_named = path.suffix.lower() in SUFFIXES
    if path.exists() and not path.is_file():
        if is_named:
            raise DataError(f"the image '{path}' cannot be read: it is a pipe, a socket or a device, not a file")
        return False
    if is_named:
        return True
    is_other = path.suffix.lower() in OTHER_SUFFIXES or (mimetypes.guess_type(path.name)[0] or "").startswith("image/")
    if is_other or is_image_content(path):
        raise DataError(f"the image '{path}' cannot be read: the names of images must end in {', '.join(SUFFIXES)}")
    return False


def _check_no_image_beside(folders: list[Path]) -> None:
    for folder in folders:
        stray = next((path for path in sorted(folder.iterdir()) if _is_image(path)), None)
        if stray is not None:
            raise DataError(f"the image '{stray}' lies beside the folders of the classes: move it into one of them")


def _check_in_one_class(listings: list[list[tuple[Path, int]]], names: list[str]) -> None:
    """Raise an error if links bring one file into two classes, or into training and test."""
    found: dict[str, tuple[int, int]] = {}
    for part, listing in enumerate(listings):
        for path, label in listing:
            first = found.setdefault(os.path.realpath(path), (part, label))
            if first != (part, label):
                places = " and ".join(
                    f"'{PARTS[at] + '/' if len(listings) > 1 else ''}{names[to]}'" for at, to in (first, (part, label))
                )
                raise DataError(
                    f"the image '{path}' is in {shortened(places)}: leave out the link that brings it into one of them"
                )


def _images_in(folder: Path) -> Iterator[Path]:
    found = sorted(path for path in _files_in(folder) if _is_image(path))
    if not found:
        raise DataError(f"'{folder}' has no images, whose names must end in {', '.join(SUFFIXES)}")
    return iter(found)


def _files_in(folder: Path) -> Iterator[Path]:
    """Yield all files of a folder and of the folders in it, but for hidden folders; a folder that is linked twice, once."""
    visited = set()
    for place, subfolders, names in os.walk(folder, followlinks=True):
        visited.add(os.path.realpath(place))
        subfolders[:] = [
            name for name in sorted(subfolders) if not name.startswith(".") and os.path.realpath(Path(place, name)) not in visited
        ]
        yield from (Path(place, name) for name in names)


def _stacked(listing: list[tuple[Path, int]], mode: str, size: int | None) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return all images in one array of bytes, channels first, with their labels."""
    first = read_image(listing[0][0], mode, size)
    shape = np.moveaxis(first, -1, 0).shape if mode == "RGB" else first.shape
    images = np.empty((len(listing), *shape), np.uint8)
    for index, (path, _) in enumerate(listing):
        image = read_image(path, mode, size)
        if image.shape != first.shape:
            sizes = " and ".join(f"{height} x {width}" for height, width in (image.shape[:2], first.shape[:2]))
            paths = f"'{path}' and '{listing[0][0]}'"
            raise DataError(f"images must have one size, but {paths} have {sizes}: use images:FOLDER(size=32)")
        images[index] = np.moveaxis(image, -1, 0) if mode == "RGB" else image
    return images, np.array([label for _, label in listing])
