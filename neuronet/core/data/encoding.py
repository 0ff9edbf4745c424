"""Encoding: how raw samples become a network's inputs, and how its outputs become predictions in the units of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.array_types import Array
from neuronet.core.data.columns import Column, Unseen, encode_columns
from neuronet.core.data.frames import Place, is_frame, row_place
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
        scaling: Scaling of the inputs; None if they need none.
        features: Name of each raw column, (C,), which is an input each unless `columns` says otherwise; () if they have none.
        classes: The class of each output, (O,) numbers or strings; None for values.
        targets: Standardisation of targets that are values; None if they are raw.
        columns: How each raw column becomes inputs, (C,); () if each is one input, a number that must be given.
        unseen: What becomes of a category that no training sample had: "refuse", or "zeros" in each input of its column.
    """

    inputs: int
    scaling: Scaling | Standardisation | None = None
    features: tuple[str, ...] = ()
    classes: NDArray[Any] | None = None
    targets: Standardisation | None = None
    columns: tuple[Column, ...] = ()
    unseen: Unseen = "refuse"

    @property
    def input_names(self) -> tuple[str, ...]:
        """Name of each input, (I,), such as "colour=red" for a category; () if the columns have no names."""
        if not self.columns or not self.features:
            return self.features
        return tuple(name for column, feature in zip(self.columns, self.features, strict=True) for name in column.names(feature))

    def check_sizes(self, inputs: int, outputs: int) -> None:
        """Raise an error unless the encoding fits a network.

        Args:
            inputs: Number of inputs of the network.
            outputs: Number of its outputs.

        Raises:
            DataError: A length does not fit, two classes are equal, or `unseen` is unknown.
        """
        lengths = {"inputs": self.inputs}
        if self.columns:
            lengths["inputs of its columns"] = sum(column.inputs for column in self.columns)
        for name, part in ({} if self.scaling is None else vars(self.scaling)).items():
            lengths[f"{name} of the scaling"] = len(part)
        wrong = {name: (length, inputs) for name, length in lengths.items() if length != inputs}
        raw = len(self.columns) or inputs
        if self.features and len(self.features) != raw:
            wrong["features"] = (len(self.features), raw)
        for name, part in {"classes": self.classes, **({} if self.targets is None else vars(self.targets))}.items():
            if part is not None and len(part) != outputs:
                wrong[name] = (len(part), outputs)
        for name, (length, expected) in wrong.items():
            raise DataError(f"the encoding must have {expected} {name}, got {length}")
        if self.classes is not None and len(set(self.classes.tolist())) < outputs:
            raise DataError("the encoding must have different classes, but one is there twice")
        if self.unseen not in ("refuse", "zeros"):
            raise DataError(f"unseen must be refuse or zeros, got {self.unseen!r}")

    def as_numbers(self, raw: Any, place: Place | None = None) -> NDArray[Any]:
        """Return raw samples as numbers before their scaling, (N, I): categories as 0 and 1, missing values filled.

        Args:
            raw: (N, C), a frame with the columns in the order of `features`, or an array; or (N, ...) with I numbers for each
                sample, such as images.
            place: Names the place of a value of a frame in messages, from its row (from 0) and column; None for both.

        Raises:
            DataError: The shape does not fit, or a value is missing, not a finite number, or a category that is refused.
        """
        if self.columns or is_frame(raw):
            flat = self._frame_numbers(raw, place)
        else:
            array = np.asarray(raw)
            if array.dtype.kind not in "fiub":
                raise DataError(f"inputs must be real numbers, got {array.dtype}")
            if array.ndim < 2 or int(np.prod(array.shape[1:])) != self.inputs:
                raise DataError(f"inputs must have the shape (samples, {self.inputs}), got {array.shape}")
            flat = array.reshape(len(array), self.inputs)
        if not np.isfinite(flat).all():
            row, column = (int(index) for index in np.argwhere(~np.isfinite(flat))[0])
            name = f" ({self.input_names[column]})" if self.features else ""
            raise DataError(f"inputs must be finite numbers, but row {row}, column {column}{name} is {flat[row, column]}")
        return flat

    def _frame_numbers(self, raw: Any, place: Place | None) -> NDArray[np.float64]:
        import pandas as pd

        columns = self.columns or (Column(),) * self.inputs
        shape = np.shape(raw)
        if len(shape) != 2 or shape[1] != len(columns):
            raise DataError(f"inputs must have the shape (samples, {len(columns)}), got {shape}")
        frame = raw if is_frame(raw) else pd.DataFrame(np.asarray(raw, dtype=object), columns=list(self.features) or None)
        return encode_columns(frame, columns, place or row_place("inputs"), self.unseen)

    def encode(self, raw: Any, place: Place | None = None) -> NDArray[Any]:
        """Return the network's inputs, (N, I) floating point: raw samples as numbers, scaled.

        Args:
            raw: As for `as_numbers`.
            place: As for `as_numbers`.

        Raises:
            DataError: As for `as_numbers`.
        """
        numbers = self.as_numbers(raw, place)
        if self.scaling is not None:
            return np.asarray(self.scaling.apply(numbers))
        return numbers if numbers.dtype.kind == "f" else numbers.astype(np.float64)

    def decode(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Return predictions: the class with the largest output, (N,), or values in their own unit, (N, O).

        Args:
            outputs: (N, O), outputs of the network.
        """
        if self.classes is not None:
            return np.asarray(self.classes[outputs.argmax(axis=-1)])
        return outputs if self.targets is None else self.targets.invert(outputs)
