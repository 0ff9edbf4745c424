"""Reader of single image files: eight bits a channel, without transparency, upright; all others are refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, MissingExtraError, NeuroNetError, shortened

FORMATS = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
}
"""Formats that are read, whatever the file's name says, and their suffixes."""

SUFFIXES = tuple(suffix for suffixes in FORMATS.values() for suffix in suffixes)
"""Suffixes of image files, in small letters."""

OTHER_SUFFIXES = (
    ".npy",
    ".tga",
    ".dcm",
    ".pcx",
    ".dds",
    ".hdr",
    ".exr",
    ".xcf",
    ".jp2",
    ".heic",
    ".avif",
    ".dng",
    ".raw",
    ".fits",
)
"""Suffixes of pictures in formats that are not read, in small letters."""

HEADS = re.compile(rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP|II\*\0|MM\0\*|BM....\0\0\0\0", re.DOTALL)
"""First bytes of image files."""

GREY = ("1", "L", "LA", "La")
"""Pillow's modes without colour."""

EIGHT_BITS = (*GREY, "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")
"""Pillow's modes of at most eight bits in each channel."""


def read_image(path: Path, mode: str, size: int | None = None) -> NDArray[np.uint8]:
    """Return the pixels of an image file, turned upright as its EXIF orientation says.

    Args:
        path: The file.
        mode: "L" for grey pixels (height, width), "RGB" for pixels (height, width, 3).
        size: Number of pixels of each side to which the image is resized; None for its own.

    Raises:
        DataError: It cannot be read, or has more than eight bits, transparent pixels or several frames.
        MissingExtraError: Pillow is not installed.
    """
    from PIL import Image, ImageOps

    def pixels(image: Any) -> NDArray[np.uint8]:
        _check_kept(image, path)
        opaque = image.convert("RGBA") if image.has_transparency_data else image
        upright = ImageOps.exif_transpose(opaque).convert(mode)
        return np.asarray(upright if size is None else upright.resize((size, size), Image.Resampling.BILINEAR))

    return _with_image(path, pixels)  # type: ignore[no-any-return]


def is_grey(path: Path) -> bool:
    """Return whether an image file has no colour.

    Raises:
        DataError: The file cannot be read.
        MissingExtraError: Pillow is not installed.
    """
    return bool(_with_image(path, lambda image: image.mode in GREY))


def is_image_content(path: Path) -> bool:
    """Return whether a file begins as an image file does, whatever its name says; False if it cannot be read."""
    try:
        with path.open("rb") as stream:
            return HEADS.match(stream.read(16)) is not None
    except OSError:
        return False


def _with_image(path: Path, function: Any) -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("images:FOLDER needs Pillow: pip install 'neuronet[data]'") from None
    try:
        with Image.open(path, formats=tuple(FORMATS)) as image:
            return function(image)
    except NeuroNetError:
        raise
    except Exception as error:  # Pillow raises one of many, by the format and by where the file is broken
        raise DataError(f"cannot read the image '{path}': {shortened(str(error)) or type(error).__name__}") from None


def _check_kept(image: Any, path: Path) -> None:
    """Raise an error if a conversion to eight bits a channel would lose a part of the image."""
    if image.mode not in EIGHT_BITS or _is_deep(image):
        kind = "floating-point pixels" if image.mode == "F" else "more than 8 bits a channel"
        raise DataError(f"the image '{path}' has {kind} ({image.mode}): scale it to 8 bits, or use an .npz file of numbers")
    if image.format not in ("JPEG", "MPO") and getattr(image, "n_frames", 1) > 1:
        raise DataError(f"the image '{path}' has {image.n_frames} frames: save each as an image of its own")
    if image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema()[0] < 255:
        raise DataError(f"the image '{path}' has transparent pixels: paint it on a background, such as white, and save it again")


def _is_deep(image: Any) -> bool:
    """Return whether the file has more bits than Pillow's mode, which drops the lower ones."""
    for tile in image.tile:
        arguments = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
        if image.format in ("PNG", "TIFF") and any(re.search(r";(12|16|32)", str(argument)) for argument in arguments):
            return True
        if image.format == "PPM" and any(isinstance(argument, int) and argument > 255 for argument in arguments):
            return True
    return False
