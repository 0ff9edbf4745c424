"""Environments from two arrays, frames, table files, scikit-learn Bunches or OpenML data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import (
    BalancedCrossEntropy,
    DataError,
    Encoding,
    Place,
    Samples,
    Unseen,
    check_number,
    checked_samples,
    is_frame,
    named_path,
    parse_payoff,
    row_place,
    shortened,
)
from neuronet.environments.parts import PartsEnvironment
from neuronet.environments.split import split
from neuronet.environments.tables.csv_files import TableFormat
from neuronet.environments.tables.raw_inputs import Missing, RawInputs, check_missing, learn_columns
from neuronet.environments.tables.standardising import check_magnitude, standardisation
from neuronet.environments.tables.table_files import TableParts, frame_parts, read_table
from neuronet.environments.tables.table_parts import TablePart, concatenated, joined_labels, read_parts


class Table(PartsEnvironment):
    """Inputs and targets from two arrays, or from a frame, with a fixed split.

    A fifth of the samples is the test set, drawn with a fixed seed and with the same share of every class. Inputs are
    standardised by the mean and standard deviation of the training samples alone; so are targets that are values.

    Columns of words, of true and false, and of pandas' type "category" are categories: each that a training sample has becomes
    an input of 0 or 1. A column with words beside numbers is refused.

    Args:
        inputs: (N, C) numbers, or a frame whose columns may be categories.
        targets: (N,) classes (integers, strings or true and false) or (N,) or (N, O) values.
        payoff: "cross-entropy" for classes, "balanced-cross-entropy" for classes of which some are rare, weighted so that each
            counts as much as any other in the training samples, "squared-error" for values, "auto" to decide by the targets:
            floating-point numbers are values, integers and strings are classes.
        name: Source of the arrays, for messages.
        test_share: Share of the test set, above 0 and below 1.
        test: Inputs and targets of a separate test set; then nothing is split off.
        shape: Shape of one input, such as (3, 32, 32), where the inputs are images.
        features: Names of the columns; () for the columns' names of a frame.
        missing: What becomes of a missing input: "refuse" it, fill it with the "mean" or "median" of the training samples (a
            category with the most frequent one), or "drop" the sample. A missing target is always refused.
        unseen: What becomes of a category that no training sample has: "refuse" it, or "zeros" in each input of its column.
        place: Names the place of an input of a frame in messages, from its row (from 0) and column.
        notes: Lines about how the samples were read.

    Attributes:
        classes: The classes in the order of the output neurons; None for values.
        features: Name of each column, (C,); () where they have none.
        notes: What was chosen for these samples, in lines of text: the target, categories, gaps that were filled or left out.

    Raises:
        DataError: Shapes do not fit, numbers are not finite, values are missing, or there are too few samples to split.
        ConfigurationError: An option is unknown or out of range.
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
        missing: Missing = "refuse",
        unseen: Unseen = "refuse",
        place: Place | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self.features = tuple(map(str, features or getattr(inputs, "columns", ())))
        self.notes: list[str] = list(notes)
        check_number("test_share", test_share, 0, 1, above=True, below=True)
        check_missing(missing, unseen)
        self._unseen = unseen
        parts = read_parts((inputs, targets), test, name, place, missing)
        categorical = parts[0].inputs.kinds()
        if missing == "drop":
            parts = self._without_gaps(parts, categorical)
        if missing in ("refuse", "drop") and not any(categorical):
            parts = [part.as_numbers() for part in parts]
        labels = joined_labels(parts, payoff, name)
        self.payoff = parse_payoff(_payoff_for(labels) if payoff == "auto" else payoff)
        self.classes: NDArray[Any] | None = None
        if self.payoff.classes:
            self.classes, labels = _classes(labels, name)
        train, held_out = self._numbers(parts, labels, test_share, name, missing, categorical)
        if isinstance(self.payoff, BalancedCrossEntropy) and self.classes is not None:
            self.payoff = _balanced(train, len(self.classes), name)
        values = [train.targets, held_out.targets] if self.classes is None else []
        check_magnitude([train.inputs, held_out.inputs, *values], name)
        self._scaling = standardisation(train.inputs)
        self._target_scaling = None if self.payoff.classes else standardisation(train.targets)
        outputs = int(train.targets.shape[1]) if self.classes is None else len(self.classes)
        size = train.inputs.shape[1]
        super().__init__(self._standardised(train), self._standardised(held_out), outputs, (size,) if shape is None else shape)

    @property
    def encoding(self) -> Encoding:
        """Columns of categories and fills, standardisation of inputs and of targets that are values, and the classes."""
        return Encoding(
            self.inputs, self._scaling, self.features, self.classes, self._target_scaling, self._columns, self._unseen
        )

    def _standardised(self, samples: Samples) -> Samples:
        targets = samples.targets if self._target_scaling is None else self._target_scaling.apply(samples.targets)
        return Samples(self._scaling.apply(samples.inputs), targets)

    def _numbers(
        self,
        parts: list[TablePart],
        labels: NDArray[Any],
        test_share: float,
        name: str,
        missing: Missing,
        categorical: list[bool],
    ) -> tuple[Samples, Samples]:
        """Return the training and the test samples as numbers, and keep how columns of the training samples became such."""
        rows = parts[0].inputs
        if len(parts) == 2:
            train, test, numbers = *np.split(np.arange(len(labels)), [len(rows)]), None
        else:
            numbers = None if rows.is_frame else checked_samples(rows.rows, labels, self.payoff, name)
            train, test = split(len(labels), None if self.classes is None else labels, test_share, name)
        self._columns = learn_columns(rows.take(train) if rows.is_frame else rows, categorical, missing, name)
        if numbers is None:
            inputs = [part.inputs.numbers(self._columns, self._unseen) for part in parts]
            numbers = checked_samples(concatenated(inputs, name), labels, self.payoff, name)
        self._describe([part.inputs for part in parts], categorical, missing)
        return numbers.at(train), numbers.at(test)

    def _without_gaps(self, parts: list[TablePart], categorical: list[bool]) -> list[TablePart]:
        """Return the parts without the samples of which an input is missing."""
        gaps: list[NDArray[np.bool_]] = [np.any(part.inputs.gaps(categorical), axis=1) for part in parts]
        dropped, count = sum(int(rows.sum()) for rows in gaps), sum(len(rows) for rows in gaps)
        if dropped:
            self.notes.append(f"{dropped:,} of {count:,} samples have a missing input and are left out.")
        kept = [np.flatnonzero(~rows) for rows in gaps]
        return [TablePart(part.inputs.take(rows), part.labels[rows]) for part, rows in zip(parts, kept, strict=True)]

    def _describe(self, parts: list[RawInputs], categorical: list[bool], missing: Missing) -> None:
        """Note the columns of categories, the gaps that were filled, and categories of no training sample."""
        names = [str(name) for name in getattr(parts[0].rows, "columns", ())]
        counts = [f"{names[index]} ({len(self._columns[index].categories)})" for index in np.flatnonzero(categorical)]
        if counts:
            self.notes.append(f"Columns of categories, with their number: {shortened(', '.join(counts))}.")
        if missing in ("mean", "median"):
            filled = sum(int(part.gaps(categorical).sum()) for part in parts)
            most = " or the most frequent category" if counts else ""
            self.notes.append(f"{filled:,} missing inputs are filled with the {missing}{most} of the training samples.")
        if self._unseen == "zeros":
            unseen = sum(part.unseen(self._columns, categorical) for part in parts)
            self.notes.append(f"{unseen:,} inputs have a category that no training sample has, and are 0 in their column.")

    @classmethod
    def read(
        cls,
        path: str | Path,
        *,
        target: str | None = None,
        payoff: str = "auto",
        missing: Missing = "refuse",
        unseen: Unseen = "refuse",
        form: TableFormat | None = None,
    ) -> Table:
        """Return a table from a file.

        Args:
            path: A .csv file with a header line and one sample on each further line, a .parquet file, or an .npz file with an
                array of inputs (named inputs, X or x, unless it is the only other one) and one of targets; or with x_train,
                y_train, x_test and y_test, which are the split.
            target: Column or array of targets; without, the one called target, label, class or y.
            payoff: As for the class.
            missing: As for the class.
            unseen: As for the class.
            form: Separator and decimal point, columns that are left out, columns of categories; None for the defaults.

        Raises:
            DataError: The file is missing or broken, or does not have the target.
        """
        parts = read_table(named_path("path", path), target, form or TableFormat())
        return cls._of(parts, payoff=payoff, name=str(path), missing=missing, unseen=unseen)

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        target: str | None = None,
        payoff: str = "auto",
        name: str = "frame",
        missing: Missing = "refuse",
        unseen: Unseen = "refuse",
        form: TableFormat | None = None,
    ) -> Table:
        """Return a table from a frame that has inputs and targets.

        Args:
            frame: A pandas.DataFrame.
            target: Column of targets; without, the one called target, label, class or y.
            payoff: As for the class.
            name: The frame in words, for messages.
            missing: As for the class.
            unseen: As for the class.
            form: Columns that are left out, columns of categories; None for none.

        Raises:
            DataError: It is no frame, does not have the target, or as for the class.
        """
        if not is_frame(frame):
            raise DataError(f"{name} must be a frame of pandas, got {type(frame).__name__}")
        parts = frame_parts(frame, target, name, form or TableFormat(), row_place(name))
        return cls._of(parts, payoff=payoff, name=name, missing=missing, unseen=unseen)

    @classmethod
    def _of(cls, parts: TableParts, **options: Any) -> Table:
        given: dict[str, Any] = {"test": parts.test, "features": parts.features, "place": parts.place, "notes": parts.notes}
        return cls(parts.inputs, parts.targets, **given, **options)

    @classmethod
    def from_bunch(
        cls,
        bunch: Mapping[str, Any],
        *,
        payoff: str = "auto",
        name: str = "bunch",
        missing: Missing = "refuse",
        unseen: Unseen = "refuse",
    ) -> Table:
        """Return a table from the result of scikit-learn's load_... and fetch_... functions.

        Args:
            bunch: With data (N, C), numbers or a frame whose columns may be categorical, and target (N,).
            payoff: As for the class.
            name: Source of the data, for messages.
            missing: As for the class.
            unseen: As for the class.

        Raises:
            DataError: It has no data or target, or as for the class.
        """
        if not isinstance(bunch, Mapping) or not {"data", "target"} <= bunch.keys():
            raise DataError(f"{name} must be a Bunch of scikit-learn with data and target, got {type(bunch).__name__}")
        targets = bunch["target"]
        if targets is None:
            raise DataError(f"{name} has no target")
        labels = np.asarray(targets.to_numpy() if hasattr(targets, "to_numpy") else targets)
        return cls(bunch["data"], labels, payoff=payoff, name=name, missing=missing, unseen=unseen)


def _payoff_for(labels: NDArray[Any]) -> str:
    return "squared-error" if np.issubdtype(labels.dtype, np.floating) or labels.ndim > 1 else "cross-entropy"


def _classes(labels: NDArray[Any], name: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    if labels.ndim != 1:
        raise DataError(f"{name}: cross-entropy needs one class for each sample, got shape {labels.shape}")
    if labels.dtype.kind in "SmM" or (labels.dtype.kind == "O" and isinstance(labels[0], bytes)):
        kind = {"M": "dates", "m": "durations"}.get(labels.dtype.kind, "bytes")
        raise DataError(f"{name}: classes must be texts, numbers, or true and false, got {kind}: write them as texts")
    try:
        classes, numbers = np.unique(labels, return_inverse=True)
    except TypeError:
        raise DataError(f"{name}: classes must be all strings or all numbers, and none may be missing") from None
    if np.issubdtype(classes.dtype, np.floating) and not np.isfinite(classes).all():
        raise DataError(f"{name}: a target is missing or not finite")
    if len(classes) < 2:
        raise DataError(f"{name}: there must be two or more classes, got {len(classes)}")
    return classes, numbers.astype(np.int64)


def _balanced(train: Samples, outputs: int, name: str) -> BalancedCrossEntropy:
    counts = np.bincount(train.targets, minlength=outputs)
    if not counts.all():
        raise DataError(f"{name}: balanced-cross-entropy needs training samples of every class, class {counts.argmin()} has none")
    return BalancedCrossEntropy.of(train.targets, outputs)
