"""Any pair of arrays, table file, scikit-learn Bunch or OpenML data set as an environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.environment import Environment, Samples
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.payoff import parse_payoff
from neuronet.core.sample_checks import checked_samples
from neuronet.environments.tables.split import split
from neuronet.environments.tables.table_files import numbers_of, read_table

LARGEST = 1e100
"""The variance of larger numbers could overflow."""


class Table(Environment):
    """Inputs and targets from two arrays, split once and for all.

    A fifth of the samples, drawn with a fixed seed and with the same share of every class, is kept for the test. Inputs are
    standardised by the mean and standard deviation of the training samples alone; so are targets that are values.

    Args:
        inputs: (N, I) numbers.
        targets: (N,) classes (integers, words or true and false) or (N,) or (N, O) values.
        payoff: "cross-entropy" for classes, "squared-error" for values, "auto" to tell by the targets: floating-point
            numbers are values, integers and words are classes.
        name: Where the arrays come from, for messages.
        test_share: Share of the samples kept for the test, above 0 and below 1.
        test: Inputs and targets of a test part of their own; then nothing is split off.
        shape: The shape of one input, such as (3, 32, 32), where the inputs are images.

    Attributes:
        classes: The classes in the order of the output neurons; None for values.

    Raises:
        NeuroNetError: Shapes do not fit, numbers are not finite, or there are too few samples to split.
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
    ) -> None:
        check_number("test_share", test_share, 0, 1, above=True, below=True)
        labels = _labels(targets, name)
        if test is not None:
            train_part = len(labels)
            inputs, labels = _joined((inputs, labels), (test[0], _labels(test[1], name)), name)
        self.payoff = parse_payoff(_payoff_for(labels) if payoff == "auto" else payoff)
        self.classes: NDArray[Any] | None = None
        if self.payoff.classes:
            self.classes, labels = _classes(labels, name)
        samples = checked_samples(inputs, labels, self.payoff, name)
        if test is None:
            train_indices, test_indices = split(len(samples), None if self.classes is None else samples.targets, test_share, name)
        else:
            train_indices, test_indices = np.split(np.arange(len(samples)), [train_part])
        self._train, self._test = _standardised(samples.at(train_indices), samples.at(test_indices), self.classes is None, name)
        self._shape = (self._train.inputs.shape[1],) if shape is None else shape
        self._outputs = int(samples.targets.shape[1]) if self.classes is None else len(self.classes)

    @classmethod
    def read(cls, path: str | Path, *, target: str | None = None, payoff: str = "auto") -> Table:
        """A table from a file.

        Args:
            path: A .csv file with a header line and a sample on each further line, a .parquet file, or an .npz file with an array
                of inputs (named inputs, X or x, unless it is the only other one) and one of targets.
            target: The column or array of targets; without, the one called target, label, class or y.
            payoff: As for the class.

        Raises:
            NeuroNetError: The file is missing or broken, or the target is not in it.
        """
        inputs, targets = read_table(Path(path), target)
        return cls(inputs, targets, payoff=payoff, name=str(path))

    @classmethod
    def from_bunch(cls, bunch: Mapping[str, Any], *, payoff: str = "auto", name: str = "bunch") -> Table:
        """A table from what scikit-learn's load_... and fetch_... give.

        Args:
            bunch: With data (N, I), numbers or a frame whose columns may be categories too, and target (N,).
            payoff: As for the class.
            name: Where it comes from, for messages.

        Raises:
            NeuroNetError: It has no data or target, or as for the class.
        """
        if not isinstance(bunch, Mapping) or not {"data", "target"} <= bunch.keys():
            raise NeuroNetError(f"{name} must be a Bunch of scikit-learn with data and target, got {type(bunch).__name__}")
        targets = bunch["target"]
        if targets is None:
            raise NeuroNetError(f"{name} has no target")
        data = bunch["data"]
        inputs = numbers_of(data, name) if hasattr(data, "columns") else data
        return cls(inputs, np.asarray(targets.to_numpy() if hasattr(targets, "to_numpy") else targets), payoff=payoff, name=name)

    @property
    def train(self) -> Samples:
        """The samples to learn from."""
        return self._train

    @property
    def test(self) -> Samples:
        """The samples to be judged by."""
        return self._test

    @property
    def outputs(self) -> int:
        """Classes, or columns of values."""
        return self._outputs

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one input."""
        return self._shape


def _labels(targets: Any, name: str) -> NDArray[Any]:
    try:
        labels = np.asarray(targets)
    except ValueError:
        raise NeuroNetError(f"{name}: targets must be one class or one row of values a sample, all of one length") from None
    return labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels


def _joined(train: tuple[Any, Any], test: tuple[Any, Any], name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    for inputs, labels in (train, test):
        if np.shape(inputs)[:1] != labels.shape[:1]:
            raise NeuroNetError(f"{name}: {np.shape(inputs)[:1]} inputs do not fit targets of shape {labels.shape}")
    try:
        return np.concatenate((train[0], test[0])), np.concatenate((train[1], test[1]))
    except ValueError:
        raise NeuroNetError(f"{name}: inputs and targets of the test must be as those to learn from") from None


def _payoff_for(labels: NDArray[Any]) -> str:
    return "squared-error" if np.issubdtype(labels.dtype, np.floating) or labels.ndim > 1 else "cross-entropy"


def _classes(labels: NDArray[Any], name: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    if labels.ndim != 1:
        raise NeuroNetError(f"{name}: for cross-entropy there must be one class a sample, got shape {labels.shape}")
    try:
        classes, numbers = np.unique(labels, return_inverse=True)
    except TypeError:
        raise NeuroNetError(f"{name}: classes must be all words or all numbers, and none may be missing") from None
    if np.issubdtype(classes.dtype, np.floating) and not np.isfinite(classes).all():
        raise NeuroNetError(f"{name}: a target is missing or not finite")
    if len(classes) < 2:
        raise NeuroNetError(f"{name}: there must be two classes or more, got {len(classes)}")
    return classes, numbers.astype(np.int64)


def _standardised(train: Samples, test: Samples, values: bool, name: str) -> tuple[Samples, Samples]:
    parts = [train.inputs, test.inputs, *([train.targets, test.targets] if values else [])]
    if max(np.abs(part).max() for part in parts) > LARGEST:
        raise NeuroNetError(f"{name}: numbers must not be larger than {LARGEST:g} to be standardised")
    inputs = _scaler(train.inputs)
    targets = _scaler(train.targets) if values else lambda y: y
    return (
        Samples(inputs(train.inputs), targets(train.targets)),
        Samples(inputs(test.inputs), targets(test.targets)),
    )


def _scaler(train: NDArray[np.float64]) -> Any:
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit(train).transform  # a constant column becomes 0
