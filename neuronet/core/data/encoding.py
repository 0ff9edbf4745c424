"""Encoding: how raw samples become a network's inputs, and how its outputs become predictions in the units of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.array_types import Array
from neuronet.core.errors import DataError

Floats = NDArray[np.float64]

SCALING_CHUNK = 1024
"""Number of samples summed at a time."""


@dataclass(frozen=True, eq=False)
class Standardisation:
    """Affine map to mean 0 and standard deviation 1: `(x - mean) / deviation`.

    Attributes:
        mean: (I,), in units of the raw numbers.
        deviation: (I,), above 0; 1 for a constant column.
    """

    mean: Floats
    deviation: Floats

    def apply(self, raw: NDArray[Any]) -> Floats:
        """Return the standardised numbers, (..., I)."""
        return (np.asarray(raw, dtype=np.float64) - self.mean) / self.deviation

    def invert(self, standardised: NDArray[Any]) -> Floats:
        """Return raw numbers, (..., I)."""
        return np.asarray(standardised, dtype=np.float64) * self.deviation + self.mean


@dataclass(frozen=True, eq=False)
class Scaling:
    """Affine scaling of raw inputs: `(x - shift) * factor`, with two numbers for each input.

    It uses plain operators alone, so that it works for arrays of any library, if inputs and scaling are of the same library.

    Attributes:
        shift: (I,) floating point, in units of the raw inputs.
        factor: (I,) floating point; 0 for a constant input.
    """

    shift: Array
    factor: Array

    def apply(self, raw: Array) -> Array:
        """Return the scaled inputs, (..., I), in the floating-point type of the scaling.

        Args:
            raw: (..., I), raw inputs such as bytes.
        """
        return (raw - self.shift) * self.factor

    @classmethod
    def standardising(cls, raw: NDArray[np.uint8]) -> Scaling:
        """Return the scaling in float32 that gives each input of these samples mean 0 and standard deviation 1.

        The divisor of an input is at least the root of the mean variance of all inputs. A pixel that is almost always 0
        therefore does not reach hundreds of deviations. An input that is constant in these samples gets the factor 0. Sums are
        taken in integers, in chunks, so that they are exact and need little memory.

        Args:
            raw: (N, I) bytes, of the training samples alone.
        """
        total, squares = (np.zeros(raw.shape[1], dtype=np.int64) for _ in range(2))
        for start in range(0, len(raw), SCALING_CHUNK):
            chunk = raw[start : start + SCALING_CHUNK].astype(np.int64)
            total += chunk.sum(axis=0)
            squares += np.einsum("ni,ni->i", chunk, chunk)
        count = len(raw)
        variance = (count * squares - total**2).astype(np.float64) / count**2
        deviation = np.sqrt(np.maximum(variance, variance.mean()))
        factor = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=variance > 0)
        return cls((total / count).astype(np.float32), factor.astype(np.float32))


@dataclass(frozen=True, eq=False)
class Encoding:
    """How raw inputs become the inputs of a network, and how its outputs become predictions.

    Attributes:
        inputs: Number of inputs, I.
        scaling: Scaling of raw inputs; None if they need none.
        features: Name of each input, (I,); () if they have none.
        classes: The class of each output, (O,) numbers or strings; None for values.
        targets: Standardisation of targets that are values; None if they are raw.
    """

    inputs: int
    scaling: Scaling | Standardisation | None = None
    features: tuple[str, ...] = ()
    classes: NDArray[Any] | None = None
    targets: Standardisation | None = None

    def check_sizes(self, inputs: int, outputs: int) -> None:
        """Raise an error unless the encoding fits a network.

        Args:
            inputs: Number of inputs of the network.
            outputs: Number of its outputs.

        Raises:
            DataError: A length does not fit.
        """
        lengths = {"inputs": self.inputs, "features": len(self.features) or inputs}
        for name, part in ({} if self.scaling is None else vars(self.scaling)).items():
            lengths[f"{name} of the scaling"] = len(part)
        wrong = {name: (length, inputs) for name, length in lengths.items() if length != inputs}
        for name, part in {"classes": self.classes, **({} if self.targets is None else vars(self.targets))}.items():
            if part is not None and len(part) != outputs:
                wrong[name] = (len(part), outputs)
        for name, (length, expected) in wrong.items():
            raise DataError(f"the encoding must have {expected} {name}, got {length}")

    def encode(self, raw: NDArray[Any]) -> NDArray[Any]:
        """Return the network's inputs, (N, I) floating point.

        Args:
            raw: (N, I), or (N, ...) with I numbers for each sample, such as images.

        Raises:
            DataError: The shape does not fit, or a number is not finite.
        """
        array = np.asarray(raw)
        if array.dtype.kind not in "fiub":
            raise DataError(f"inputs must be real numbers, got {array.dtype}")
        if array.ndim < 2 or int(np.prod(array.shape[1:])) != self.inputs:
            raise DataError(f"inputs must have the shape (samples, {self.inputs}), got {array.shape}")
        flat = array.reshape(len(array), self.inputs)
        if not np.isfinite(flat).all():
            row, column = (int(index) for index in np.argwhere(~np.isfinite(flat))[0])
            name = f" ({self.features[column]})" if self.features else ""
            raise DataError(f"inputs must be finite numbers, but row {row}, column {column}{name} is {flat[row, column]}")
        if self.scaling is not None:
            return np.asarray(self.scaling.apply(flat))
        return flat if flat.dtype.kind == "f" else flat.astype(np.float64)

    def decode(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Return predictions: the class with the largest output, (N,), or values in their own unit, (N, O).

        Args:
            outputs: (N, O), outputs of the network.
        """
        if self.classes is not None:
            return np.asarray(self.classes[outputs.argmax(axis=-1)])
        return outputs if self.targets is None else self.targets.invert(outputs)
