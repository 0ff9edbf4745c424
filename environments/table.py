"""Any pair of arrays, or a CSV or NPZ file, as an environment."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.environment import Environment, Samples, checked_samples
from neuronet.errors import NeuroNetError, check_number
from neuronet.payoff import payoff_named

TARGET_NAMES = ("target", "label", "class", "y")
INPUT_NAMES = ("inputs", "X", "x")

LARGEST = 1e100
"""The variance of larger numbers could overflow."""


class Table(Environment):
    """Inputs and targets from two arrays, split once and for all.

    A fifth of the samples, drawn with a fixed seed and with the same share of every class, is kept for the test. Inputs are
    standardised by the mean and standard deviation of the training samples alone; so are targets that are values.

    Args:
        inputs: (N, I) numbers.
        targets: (N,) classes (whole numbers, words or true and false) or (N,) or (N, O) values.
        payoff: "cross-entropy" for classes, "squared-error" for values, "auto" to tell by the targets: floating-point
            numbers are values, whole numbers and words are classes.
        name: Where the arrays come from, for messages.
        test_share: Share of the samples kept for the test, above 0 and below 1.

    Attributes:
        classes: The classes in the order of the output neurons; None for values.

    Raises:
        NeuroNetError: Shapes do not fit, numbers are not finite, or there are too few samples to split.
    """

    def __init__(self, inputs: Any, targets: Any, *, payoff: str = "auto", name: str = "table", test_share: float = 0.2) -> None:
        check_number("test_share", test_share, 0, 1, above=True, below=True)
        try:
            labels = np.asarray(targets)
        except ValueError:
            raise NeuroNetError(f"{name}: targets must be one class or one row of values a sample, all of one length") from None
        labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
        self.payoff = payoff_named(_payoff_for(labels) if payoff == "auto" else payoff)
        self.classes: NDArray[Any] | None = None
        if self.payoff.classes:
            self.classes, labels = _classes(labels, name)
        samples = checked_samples(inputs, labels, self.payoff, name)
        train, test = _split(samples, self.classes is not None, test_share, name)
        self._train, self._test = _standardised(train, test, self.classes is None, name)
        self._outputs = int(samples.targets.shape[1]) if self.classes is None else len(self.classes)

    @classmethod
    def read(cls, path: str | Path, *, target: str | None = None, payoff: str = "auto") -> Table:
        """A table from a file.

        Args:
            path: A .csv file with a header line and a sample on each further line, or an .npz file with an array of inputs (named
                inputs, X or x, unless it is the only other one) and one of targets.
            target: The column or array of targets; without, the one called target, label, class or y.
            payoff: As for the class.

        Raises:
            NeuroNetError: The file is missing or broken, or the target is not in it.
        """
        file = Path(path)
        if not file.is_file():
            raise NeuroNetError(f"there is no file '{file}': table:PATH needs a .csv or .npz file")
        if file.suffix.lower() not in (".csv", ".npz"):
            raise NeuroNetError(f"cannot read '{file}': table:PATH needs a .csv or .npz file")
        reader = _read_csv if file.suffix.lower() == ".csv" else _read_npz
        inputs, targets = reader(file, target)
        return cls(inputs, targets, payoff=payoff, name=str(file))

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


def _split(samples: Samples, stratify: bool, test_share: float, name: str) -> tuple[Samples, Samples]:
    from sklearn.model_selection import train_test_split

    if stratify and np.bincount(samples.targets).min() < 2:
        rare = int(np.argmin(np.bincount(samples.targets)))
        raise NeuroNetError(
            f"{name}: every class needs two samples, class number {rare} has one; if they are values, say payoff squared-error"
        )
    try:
        train, test = train_test_split(
            np.arange(len(samples)),
            test_size=test_share,
            random_state=0,
            stratify=samples.targets if stratify else None,
        )
    except ValueError:
        raise NeuroNetError(f"{name}: {len(samples)} samples are too few to split into training and test") from None
    return samples.at(train), samples.at(test)


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


def _read_csv(file: Path, target: str | None) -> tuple[Any, Any]:
    import pandas as pd

    try:
        with warnings.catch_warnings():
            # Without these, pandas takes what the header has no name for as the names of the rows, and says nothing.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(file, index_col=False, skipinitialspace=True)
    except pd.errors.ParserWarning:
        raise NeuroNetError(f"cannot read '{file}': its lines have more columns than its header") from None
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise NeuroNetError(f"cannot read '{file}': {str(error).strip().splitlines()[0]}") from None
    column = _target_name(target, list(map(str, frame.columns)), file)
    labels, inputs = frame[column], frame.drop(columns=column)
    for name in inputs.columns:
        numbers = pd.to_numeric(inputs[name], errors="coerce")
        if numbers.isna().any():
            row = int(np.flatnonzero(numbers.isna())[0])
            there = frame[name].iloc[row]
            what = "nothing" if pd.isna(there) else repr(there)
            raise NeuroNetError(f"'{file}', line {row + 2}, column '{name}': {what} is no number; inputs must be numbers")
    if labels.isna().any():
        row = int(np.flatnonzero(labels.isna())[0])
        raise NeuroNetError(f"'{file}', line {row + 2}: the target '{column}' is missing")
    return inputs.to_numpy(dtype=np.float64), np.asarray(labels.to_list())


def _read_npz(file: Path, target: str | None) -> tuple[Any, Any]:
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except Exception as error:  # a broken zip raises one of many, by where it is broken
        what = " ".join(str(error).split()) or type(error).__name__
        raise NeuroNetError(f"cannot read '{file}' as an .npz file of plain arrays: {what}") from None
    name = _target_name(target or ("targets" if "targets" in found else None), list(found), file)
    others = [key for key in found if key != name]
    inputs = next((key for key in INPUT_NAMES if key in others), others[0] if len(others) == 1 else None)
    if inputs is None:
        raise NeuroNetError(f"'{file}' needs an array called inputs or X, it has {', '.join(found) or 'none'}")
    data = found[inputs]
    return data.reshape(len(data), -1) if data.ndim > 2 else data, found[name]


def _target_name(target: str | None, names: list[str], file: Path) -> str:
    if target is None:
        for name in TARGET_NAMES:
            if name in names:
                return name
        raise NeuroNetError(f"'{file}' has no target called target, label, class or y: name one of {', '.join(names)}")
    if target not in names:
        raise NeuroNetError(f"'{file}' has no target '{target}': it has {', '.join(names)}")
    return target
