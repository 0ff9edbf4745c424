"""Images of classes: bytes that are standardised only as they are played."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.environment import Environment, Samples, Scaling
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.environments.tables.split import split

Part = tuple[Any, Any]
"""Images (N, height, width) or (N, channels, height, width), bytes; and classes (N,), integers from 0."""


class Images(Environment):
    """Images of classes, kept as the bytes that they are; each pixel is standardised by the training images alone.

    How, `Scaling.standardising` says: a pixel that varies little is not blown up, and one that never varies is 0.

    Args:
        train: Images and classes to learn from.
        test: Those to be judged by; without, a fifth of `train`, drawn with a fixed seed and with the same share of every class.
        classes: How many there are, or their names; without, one more than the largest label.
        name: Where the images come from, for messages.
        test_share: The share that is kept for the test where there is none, above 0 and below 1.

    Attributes:
        classes: Their names, in the order of the output neurons.

    Raises:
        NeuroNetError: Images are no bytes, or shapes or classes do not fit.
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
        images, labels = _checked(*train, name)
        if test is None:
            train_part, test_part = split(len(images), labels, test_share, name)
            parts = [(images[train_part], labels[train_part]), (images[test_part], labels[test_part])]
        else:
            parts = [(images, labels), _checked(*test, f"{name}, test")]
        self._shape = tuple(int(length) for length in images.shape[1:])
        if parts[1][0].shape[1:] != self._shape:
            raise NeuroNetError(
                f"{name}: images to learn from are of {self._shape}, those of the test of {parts[1][0].shape[1:]}"
            )
        self.classes = _names(classes, max(int(part[1].max()) for part in parts), name)
        flat = [part[0].reshape(len(part[0]), -1) for part in parts]
        scaling = Scaling.standardising(flat[0])
        self._train, self._test = (Samples(raw, part[1], scaling) for raw, part in zip(flat, parts, strict=True))

    @property
    def train(self) -> Samples:
        """The images to learn from, (N, I) bytes with their scaling."""
        return self._train

    @property
    def test(self) -> Samples:
        """The images to be judged by."""
        return self._test

    @property
    def outputs(self) -> int:
        """Classes."""
        return len(self.classes)

    @property
    def shape(self) -> tuple[int, ...]:
        """(height, width), or (channels, height, width)."""
        return self._shape


def _checked(images: Any, labels: Any, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    pictures, numbers = np.ascontiguousarray(images), np.asarray(labels)
    if pictures.dtype != np.uint8 or pictures.ndim < 2 or 0 in pictures.shape:
        kind = f"{pictures.dtype} of shape {pictures.shape}"
        raise NeuroNetError(f"{name}: images must be bytes (uint8) of shape (samples, ...), with no length 0, got {kind}")
    if numbers.shape != (len(pictures),) or numbers.dtype.kind not in "iu":
        raise NeuroNetError(
            f"{name}: there must be a class, an integer from 0, for each of {len(pictures):,} images, "
            f"got {numbers.dtype} of shape {numbers.shape}"
        )
    if numbers.min() < 0:
        raise NeuroNetError(f"{name}: classes must be integers from 0, got {numbers.min()}")
    return pictures, numbers.astype(np.int64)


def _names(classes: int | Sequence[str] | None, largest: int, name: str) -> tuple[str, ...]:
    known = largest + 1 if classes is None else classes
    names = tuple(map(str, range(known))) if isinstance(known, int) else tuple(known)
    if largest >= len(names):
        raise NeuroNetError(
            f"{name}: there are {len(names)} classes, labels from 0 to {len(names) - 1}, but one label is {largest}"
        )
    return names
