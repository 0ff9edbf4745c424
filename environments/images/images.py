"""Images of classes: bytes that are standardised batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, Encoding, Samples, Scaling, as_array, check_number, shortened, shown
from neuronet.environments.parts import PartsEnvironment
from neuronet.environments.split import split

Part = tuple[Any, Any]
"""Images (N, height, width) or (N, channels, height, width), bytes; and classes (N,), integers from 0."""

MAX_CLASSES = 100_000
"""Largest number of classes of images: each is an output neuron."""


class Images(PartsEnvironment):
    """Images of classes, kept as bytes; each pixel is standardised by the training images alone.

    For the standardisation see `Scaling.standardising`: a pixel that varies little is not amplified, and a constant one is 0.

    Args:
        train: Training images and classes.
        test: Test images and classes; without, a fifth of `train`, drawn with a fixed seed and with the same share of every
            class.
        classes: Number of classes, or their names, for labels that count from 0; without, the labels that occur are the
            classes, in their order.
        name: Source of the images, for messages.
        test_share: Share of the test set where none is given, above 0 and below 1.

    Attributes:
        classes: Names of the classes, in the order of the output neurons.

    Raises:
        DataError: Images are not bytes, or shapes or classes do not fit.
    """

    def __init__(
        self,
        train: Part,
        test: Part | None = None,
        *,
        classes: int | Sequence[str] | None = None,
        name: str = "images",
        test_share: float = 0.2,
    ) -> None:
        check_number("test_share", test_share, 0, 1, above=True, below=True)
        images, labels = _checked(train, name)
        if test is None:
            train_part, test_part = split(len(images), labels, test_share, name)
            parts = [(images[train_part], labels[train_part]), (images[test_part], labels[test_part])]
        else:
            parts = [(images, labels), _checked(test, f"{name}, test")]
        shape = tuple(int(length) for length in images.shape[1:])
        if parts[1][0].shape[1:] != shape:
            raise DataError(f"{name}: training images have the shape {shape}, test images {parts[1][0].shape[1:]}")
        self.classes, parts = _named(classes, parts, name)
        flat = [part[0].reshape(len(part[0]), -1) for part in parts]
        scaling = Scaling.standardising(flat[0])
        train_samples, test_samples = (Samples(raw, part[1], scaling) for raw, part in zip(flat, parts, strict=True))
        super().__init__(train_samples, test_samples, len(self.classes), shape)

    @property
    def encoding(self) -> Encoding:
        """Scaling of the pixels, and the classes: their names, or the integers from 0 where they have none."""
        numbers = np.arange(self.outputs)
        named = self.classes != tuple(map(str, numbers))
        return Encoding(self.inputs, self.train.scaling, classes=np.array(self.classes) if named else numbers)


def _checked(part: Part, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    if not isinstance(part, tuple | list) or len(part) != 2:
        raise DataError(f"{name}: training and test must be two arrays each, images and classes, got {shortened(shown(part))}")
    pixels, classes = np.ascontiguousarray(as_array(part[0], f"{name}: images")), as_array(part[1], f"{name}: classes")
    if pixels.dtype != np.uint8 or pixels.ndim < 2 or 0 in pixels.shape:
        kind = f"{pixels.dtype} of shape {pixels.shape}"
        raise DataError(f"{name}: images must be bytes (uint8) of shape (samples, ...) without 0, got {kind}")
    if pixels.ndim == 4 and pixels.shape[1] > 4 and pixels.shape[3] in (1, 3, 4):
        order = "transpose them to (samples, channels, height, width)"
        raise DataError(f"{name}: images must have their channels first, got the shape {pixels.shape}: {order}")
    if classes.shape != (len(pixels),) or classes.dtype.kind not in "iu":
        kind = f"{classes.dtype} of shape {classes.shape}"
        raise DataError(f"{name}: classes must be an integer from 0 for each of {len(pixels):,} images, got {kind}")
    wrong = classes[(classes < 0) | (classes > np.iinfo(np.int64).max)]
    if wrong.size:
        raise DataError(f"{name}: classes must be integers from 0, got {wrong[0]}")
    return pixels, classes.astype(np.int64)


Parts = list[tuple[NDArray[np.uint8], NDArray[np.int64]]]


def _named(classes: int | Sequence[str] | None, parts: Parts, name: str) -> tuple[tuple[str, ...], Parts]:
    """Return the names of the classes, and the parts with labels that count from 0."""
    if classes is None:
        labels = np.unique(np.concatenate([part[1] for part in parts]))
        return tuple(map(str, labels.tolist())), [(images, np.searchsorted(labels, part)) for images, part in parts]
    names = _class_names(classes, name)
    largest = max(int(part[1].max()) for part in parts)
    if largest >= len(names):
        raise DataError(f"{name}: labels of {len(names)} classes must be from 0 to {len(names) - 1}, got {largest}")
    return names, parts


def _class_names(classes: int | Sequence[str], name: str) -> tuple[str, ...]:
    if isinstance(classes, Sequence | np.ndarray):
        names = tuple(map(str, classes))
        double = next((word for index, word in enumerate(names) if word in names[:index]), None)
        if double is not None:
            raise DataError(f"{name}: classes must have different names, but '{shortened(double)}' is there twice")
        return names
    check_number("classes", classes, 1, MAX_CLASSES, whole=True)
    return tuple(map(str, range(int(classes))))
