"""Samples of a table as they are given: inputs with their labels, all together or for training and test."""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, Place, as_array, as_numbers, shortened
from neuronet.environments.tables.raw_inputs import Missing, RawInputs


class TablePart(NamedTuple):
    """Inputs and labels of one part, or of all samples."""

    inputs: RawInputs
    labels: NDArray[Any]

    def as_numbers(self) -> TablePart:
        """Return the same part with inputs that are numbers.

        Raises:
            DataError: A value is missing, or is not a number.
        """
        return self._replace(inputs=RawInputs(self.inputs.numbers((), "refuse"), self.inputs.place))


def read_parts(
    given: tuple[Any, Any], test: tuple[Any, Any] | None, name: str, place: Place | None, missing: Missing
) -> list[TablePart]:
    """Return all samples, or the training and the test samples.

    Args:
        given: Inputs and targets.
        test: Inputs and targets of a separate test set; frames are brought into the order of the columns of the others.
        name: Source of the samples, for messages.
        place: Names the place of an input, for messages; None for the source, the row and the column.
        missing: What becomes of missing inputs.

    Raises:
        DataError: Inputs and targets do not fit, or are not what they must be.
    """
    _check_row_order(*given, name)
    parts = [TablePart(RawInputs.of(given[0], name, place, missing), _labels(given[1], name))]
    if test is not None:
        where = f"{name}, test"
        inputs, targets = (_in_column_order(part, model, name) for part, model in zip(test, given, strict=True))
        _check_row_order(inputs, targets, where)
        parts.append(TablePart(RawInputs.of(inputs, where, None, missing), _labels(targets, where)))
    for part in parts:
        shape = np.shape(part.inputs.rows)
        if part.inputs.is_frame and 0 in shape:
            raise DataError(f"{name}: inputs must have the shape (samples, inputs) without 0, got {shape}")
        if (part.inputs.is_frame or len(parts) == 2) and part.labels.shape[:1] != shape[:1]:
            raise DataError(f"{name}: {len(part.inputs)} inputs do not fit targets of shape {part.labels.shape}")
    return parts


def _labels(targets: Any, name: str) -> NDArray[Any]:
    labels = as_array(targets, f"{name}: targets")
    if labels.dtype.kind in "US" and isinstance(targets, list | tuple):
        given = np.ravel(np.asarray(targets, dtype=object))
        other = next((value for value in given if not isinstance(value, type(given[0]) | np.str_ | np.bytes_)), None)
        if other is not None:
            raise _mixed_classes(name, other)
    if labels.dtype.kind == "O":
        labels = _plain_objects(labels, name)
    return labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels


def _plain_objects(labels: NDArray[Any], name: str) -> NDArray[Any]:
    """Return targets that are objects: texts, integers of any size, true and false; or as floating-point numbers, if one is such.

    Raises:
        DataError: They are of several kinds, or of another, or one is missing.
    """
    kinds = {_object_kind(value) for value in labels.flat if value is not None}
    if len(kinds) > 1 and kinds != {"integer", "number"}:
        first = _object_kind(labels.flat[0])
        raise _mixed_classes(name, next(value for value in labels.flat if _object_kind(value) != first))
    if kinds & {"other"}:
        kind = type(labels.flat[0]).__name__
        raise DataError(f"{name}: targets must be texts, numbers, or true and false, got {kind}: write them as texts or numbers")
    return as_numbers(labels, f"{name}: targets") if "number" in kinds else labels


def _mixed_classes(name: str, value: object) -> DataError:
    got = shortened(repr(value))
    return DataError(f"{name}: classes must be all strings or all numbers, and none may be missing, got {got} too")


def _object_kind(value: object) -> str:
    kinds = {"text": str, "bytes": bytes, "truth": bool | np.bool_, "integer": int | np.integer, "number": Real}
    return next((name for name, kind in kinds.items() if isinstance(value, kind)), "other")


def joined_labels(parts: list[TablePart], payoff: str, name: str) -> NDArray[Any]:
    """Return the labels of all parts, which must be of one kind.

    Args:
        parts: All samples, or those for training and those for the test.
        payoff: Name of the payoff, or "auto".
        name: Source of the samples, for messages.

    Raises:
        DataError: Their kinds or shapes differ.
    """
    kinds = [_kind(part.labels) for part in parts]
    if kinds[0] != kinds[-1] and (payoff == "auto" or "strings" in kinds):
        raise DataError(f"{name}: targets for training and test must be of one kind, got {kinds[0]} and {kinds[-1]}")
    return concatenated([part.labels for part in parts], name)


def concatenated(arrays: list[NDArray[Any]], name: str) -> NDArray[Any]:
    """Return arrays of the training and of the test samples as one, or the only array.

    Raises:
        DataError: Their shapes differ.
    """
    try:
        return np.concatenate(arrays) if len(arrays) > 1 else arrays[0]
    except ValueError:
        raise DataError(f"{name}: inputs and targets of the test must have the same form as those for training") from None


def _kind(labels: NDArray[Any]) -> str:
    if labels.dtype.kind in "OUS":
        return "strings" if all(isinstance(label, str | bytes) for label in labels.flat) else "objects"
    return "floating-point values" if labels.dtype.kind == "f" else "integers"


def _in_column_order(frame: Any, model: Any, name: str) -> Any:
    """Return a frame with its columns in the order of another frame; arrays without names are returned as they are.

    Args:
        frame: Frame or array.
        model: Frame or array with the right order.
        name: Source of the frame, for messages.

    Raises:
        DataError: Both have names of columns, and the names differ or are not unique.
    """
    if not hasattr(frame, "columns") or not hasattr(model, "columns"):
        return frame
    names, expected = list(frame.columns), list(model.columns)
    if names == expected:
        return frame
    different = sorted(map(str, set(names) ^ set(expected)))
    if different or len(set(names)) < len(names):
        reason = f"'{different[0]}' is in one of them alone" if different else "a name is given twice"
        raise DataError(f"{name}: frames for training and test must have columns of the same names, but {shortened(reason)}")
    return frame[expected]


def _check_row_order(inputs: Any, targets: Any, name: str) -> None:
    """Raise an error if the rows of a frame and its targets have the same labels in a different order.

    Raises:
        DataError: They have.
    """
    if not hasattr(inputs, "iloc") or not hasattr(targets, "iloc"):
        return
    rows, others = inputs.index, targets.index
    if len(rows) != len(others) or rows.equals(others):
        return
    is_permuted = rows.is_unique and set(rows) == set(others)
    if is_permuted or not (_counts_rows(rows) or _counts_rows(others)):
        raise DataError(
            f"{name}: inputs and targets must have their rows in one order, but their indices are "
            f"{'ordered differently' if is_permuted else 'different: reset_index(drop=True) makes both count rows'}"
        )


def _counts_rows(index: Any) -> bool:
    """Return whether an index says no more than the order: 0, 1, 2 and so on."""
    return index.dtype.kind in "iu" and bool((index.to_numpy() == np.arange(len(index))).all())
