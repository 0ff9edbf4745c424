"""Environments from two arrays, table files, scikit-learn Bunches or OpenML data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, Encoding, Samples, as_array, check_number, checked_samples, parse_payoff
from neuronet.environments.parts import PartsEnvironment
from neuronet.environments.tables.frames import check_row_order, in_column_order, inputs_as_numbers
from neuronet.environments.tables.split import split
from neuronet.environments.tables.standardising import check_magnitude, standardisation
from neuronet.environments.tables.table_files import numbers_of, read_table


class Table(PartsEnvironment):
    """Inputs and targets from two arrays, with a fixed split.

    A fifth of the samples is the test set, drawn with a fixed seed and with the same share of every class. Inputs are
    standardised by the mean and standard deviation of the training samples alone; so are targets that are values.

    Args:
        inputs: (N, I) numbers.
        targets: (N,) classes (integers, strings or true and false) or (N,) or (N, O) values.
        payoff: "cross-entropy" for classes, "squared-error" for values, "auto" to decide by the targets: floating-point
            numbers are values, integers and strings are classes.
        name: Source of the arrays, for messages.
        test_share: Share of the test set, above 0 and below 1.
        test: Inputs and targets of a separate test set; then nothing is split off.
        shape: Shape of one input, such as (3, 32, 32), where the inputs are images.
        features: Names of the inputs; () for the columns' names of a frame.

    Attributes:
        classes: The classes in the order of the output neurons; None for values.
        features: Name of each input, (I,); () where they have none.

    Raises:
        DataError: Shapes do not fit, numbers are not finite, or there are too few samples to split.
    """

    def __init__(
        self,
        inputs: Any,
        targets: Any,
        *,
        payoff: str = "auto",
        name: str = "table",
        test_share: float = 0.2,
        test: tuple[Any, Any] | None = None,
        shape: tuple[int, ...] | None = None,
        features: Sequence[str] = (),
    ) -> None:
        self.features = tuple(map(str, features or getattr(inputs, "columns", ())))
        check_number("test_share", test_share, 0, 1, above=True, below=True)
        check_row_order(inputs, targets, name)
        labels = _labels(targets, name)
        if test is not None:
            train_part = len(labels)
            test = (in_column_order(test[0], inputs, name), in_column_order(test[1], targets, name))
            inputs, labels = _joined((inputs, labels), test, payoff, name)
        else:
            inputs = inputs_as_numbers(inputs, name)
        self.payoff = parse_payoff(_payoff_for(labels) if payoff == "auto" else payoff)
        self.classes: NDArray[Any] | None = None
        if self.payoff.classes:
            self.classes, labels = _classes(labels, name)
        samples = checked_samples(inputs, labels, self.payoff, name)
        if test is None:
            train_indices, test_indices = split(len(samples), None if self.classes is None else samples.targets, test_share, name)
        else:
            train_indices, test_indices = np.split(np.arange(len(samples)), [train_part])
        train, held_out = samples.at(train_indices), samples.at(test_indices)
        values = [train.targets, held_out.targets] if self.classes is None else []
        check_magnitude([train.inputs, held_out.inputs, *values], name)
        self._scaling = standardisation(train.inputs)
        self._target_scaling = None if self.payoff.classes else standardisation(train.targets)
        outputs = int(samples.targets.shape[1]) if self.classes is None else len(self.classes)
        super().__init__(
            self._standardised(train),
            self._standardised(held_out),
            outputs,
            (samples.inputs.shape[1],) if shape is None else shape,
        )

    @property
    def encoding(self) -> Encoding:
        """Standardisation of inputs and of targets that are values, and the classes."""
        return Encoding(self.inputs, self._scaling, self.features, classes=self.classes, targets=self._target_scaling)

    def _standardised(self, samples: Samples) -> Samples:
        targets = samples.targets if self._target_scaling is None else self._target_scaling.apply(samples.targets)
        return Samples(self._scaling.apply(samples.inputs), targets)

    @classmethod
    def read(cls, path: str | Path, *, target: str | None = None, payoff: str = "auto") -> Table:
        """Return a table from a file.

        Args:
            path: A .csv file with a header line and one sample on each further line, a .parquet file, or an .npz file with an
                array of inputs (named inputs, X or x, unless it is the only other one) and one of targets; or with x_train,
                y_train, x_test and y_test, which are the split.
            target: Column or array of targets; without, the one called target, label, class or y.
            payoff: As for the class.

        Raises:
            DataError: The file is missing or broken, or does not have the target.
        """
        parts = read_table(Path(path), target)
        return cls(parts.inputs, parts.targets, payoff=payoff, name=str(path), test=parts.test, features=parts.features)

    @classmethod
    def from_bunch(cls, bunch: Mapping[str, Any], *, payoff: str = "auto", name: str = "bunch") -> Table:
        """Return a table from the result of scikit-learn's load_... and fetch_... functions.

        Args:
            bunch: With data (N, I), numbers or a frame whose columns may be categorical, and target (N,).
            payoff: As for the class.
            name: Source of the data, for messages.

        Raises:
            DataError: It has no data or target, or as for the class.
        """
        if not isinstance(bunch, Mapping) or not {"data", "target"} <= bunch.keys():
            raise DataError(f"{name} must be a Bunch of scikit-learn with data and target, got {type(bunch).__name__}")
        targets = bunch["target"]
        if targets is None:
            raise DataError(f"{name} has no target")
        data = bunch["data"]
        inputs = numbers_of(data, name) if hasattr(data, "columns") else data
        return cls(inputs, np.asarray(targets.to_numpy() if hasattr(targets, "to_numpy") else targets), payoff=payoff, name=name)


def _labels(targets: Any, name: str) -> NDArray[Any]:
    labels = as_array(targets, f"{name}: targets")
    if labels.dtype.kind in "US" and isinstance(targets, list | tuple):
        other = next((value for value in np.ravel(np.asarray(targets, dtype=object)) if not isinstance(value, str | bytes)), None)
        if other is not None:
            raise DataError(f"{name}: classes must be all strings or all numbers, and none may be missing, got {other!r} too")
    return labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels


def _joined(train: tuple[Any, Any], test: tuple[Any, Any], payoff: str, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return inputs and labels of both parts; the first part's labels are read already."""
    check_row_order(*test, f"{name}, test")
    labels = (train[1], _labels(test[1], f"{name}, test"))
    inputs = (inputs_as_numbers(train[0], name), inputs_as_numbers(test[0], f"{name}, test"))
    for rows, targets in zip(inputs, labels, strict=True):
        if rows.shape[:1] != targets.shape[:1]:
            raise DataError(f"{name}: {rows.shape[:1]} inputs do not fit targets of shape {targets.shape}")
    kinds = [_kind(part) for part in labels]
    if kinds[0] != kinds[1] and (payoff == "auto" or "strings" in kinds):
        raise DataError(f"{name}: targets for training and test must be of one kind, got {kinds[0]} and {kinds[1]}")
    try:
        return np.concatenate(inputs), np.concatenate(labels)
    except ValueError:
        raise DataError(f"{name}: inputs and targets of the test must have the same form as those for training") from None


def _kind(labels: NDArray[Any]) -> str:
    if labels.dtype.kind in "OUS":
        return "strings" if all(isinstance(label, str | bytes) for label in labels.flat) else "objects"
    return "floating-point values" if labels.dtype.kind == "f" else "integers"


def _payoff_for(labels: NDArray[Any]) -> str:
    return "squared-error" if np.issubdtype(labels.dtype, np.floating) or labels.ndim > 1 else "cross-entropy"


def _classes(labels: NDArray[Any], name: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    if labels.ndim != 1:
        raise DataError(f"{name}: cross-entropy needs one class for each sample, got shape {labels.shape}")
    try:
        classes, numbers = np.unique(labels, return_inverse=True)
    except TypeError:
        raise DataError(f"{name}: classes must be all strings or all numbers, and none may be missing") from None
    if np.issubdtype(classes.dtype, np.floating) and not np.isfinite(classes).all():
        raise DataError(f"{name}: a target is missing or not finite")
    if len(classes) < 2:
        raise DataError(f"{name}: there must be two or more classes, got {len(classes)}")
    return classes, numbers.astype(np.int64)
