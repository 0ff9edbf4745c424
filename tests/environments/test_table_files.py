"""Table files are read as their arrays are."""

from __future__ import annotations

import datetime
import time
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.core.payoff import CrossEntropy, SquaredError
from neuronet.environments import Table
from neuronet.environments.tables import csv_files
from tests.environments.table_fixtures import CLASSES, GOOD_ROWS, WORDS, N, X, csv, frame, lines, same, write


@pytest.mark.parametrize("name", ["target", "label", "class", "y"])
def test_a_csv_is_read_like_its_arrays_wherever_the_target_stands(tmp_path, name):
    columns = {"length": X[:, 0], name: CLASSES, "width": X[:, 1]}
    same(Table.read(csv(tmp_path / "data.csv", pd.DataFrame(columns))), Table(X, CLASSES))


def test_the_target_of_a_csv_can_be_named(tmp_path):
    path = csv(tmp_path / "data.csv", frame(animal=WORDS))
    table = Table.read(str(path), target="animal")
    assert table.classes.tolist() == ["cat", "dog"]
    assert (table.inputs, table.outputs) == (2, 2)
    same(table, Table(X, WORDS))


def test_a_named_target_goes_before_the_usual_ones(tmp_path):
    path = csv(tmp_path / "data.csv", frame(target=X[:, 0] * 2, animal=WORDS))
    table = Table.read(path, target="animal")
    assert table.inputs == 3
    assert table.payoff == CrossEntropy()


def test_a_csv_of_values(tmp_path):
    path = csv(tmp_path / "data.csv", frame(y=X[:, 0] + 0.25))
    table = Table.read(path)
    assert table.payoff == SquaredError()
    assert table.train.targets.shape == (16, 1)
    assert Table.read(csv(path, frame(y=CLASSES)), payoff="squared-error").payoff == SquaredError()


def test_spaces_after_commas_and_a_comma_at_the_end_do_no_harm(tmp_path):
    path = tmp_path / "data.csv"
    write(path, lines("a, b, y", *(f"{row.replace(',', ', ')}," for row in GOOD_ROWS)))
    same(Table.read(path), Table(X, CLASSES))


@pytest.mark.parametrize("suffix", [".csv", ".CSV"])
def test_the_suffix_may_be_in_capitals(tmp_path, suffix):
    assert Table.read(csv(tmp_path / f"data{suffix}", frame(y=CLASSES))).outputs == 2


@pytest.mark.parametrize(
    "names", [("inputs", "targets"), ("X", "y"), ("x", "target"), ("images", "label"), ("inputs", "class")], ids=str
)
def test_an_npz_is_read_like_its_arrays(tmp_path, names):
    path = tmp_path / "data.npz"
    np.savez(path, **dict(zip(names, (X, CLASSES), strict=True)))
    same(Table.read(path), Table(X, CLASSES))


def test_the_target_of_an_npz_can_be_named(tmp_path):
    np.savez_compressed(tmp_path / "data.npz", X=X, y=X[:, 0], animal=WORDS)
    same(Table.read(tmp_path / "data.npz", target="animal"), Table(X, WORDS))


def test_images_in_an_npz_become_rows(tmp_path):
    images = np.random.default_rng(1).standard_normal((N, 3, 4))
    np.savez(tmp_path / "data.npz", X=images, y=CLASSES)
    same(Table.read(tmp_path / "data.npz"), Table(images.reshape(N, 12), CLASSES))


@pytest.mark.parametrize("names", [("x_train", "y_train"), ("train_images", "train_labels")])
def test_split_of_an_npz_is_kept(tmp_path, names):
    x, y = names
    test = {x.replace("train", "test"): X[:8] * 2, y.replace("train", "test"): CLASSES[:8]}
    np.savez(tmp_path / "data.npz", **{x: X, y: CLASSES}, **test)
    same(Table.read(tmp_path / "data.npz"), Table(X, CLASSES, test=(X[:8] * 2, CLASSES[:8])))
    np.savez(tmp_path / "data.npz", **{x: X, y: CLASSES})
    same(Table.read(tmp_path / "data.npz"), Table(X, CLASSES))


@pytest.mark.parametrize(
    ("words", "classes"),
    [
        (["NA", "EU"], ["EU", "NA"]),
        (["None", "null"], ["None", "null"]),
        (["True", "false"], [False, True]),
        (["7", "-1"], [-1, 7]),
        (["9" * 30, "8" * 30], ["8" * 30, "9" * 30]),
    ],
    ids=lambda words: str(words)[:20],
)
def test_classes_of_a_csv_keep_their_names(tmp_path, words, classes):
    write(tmp_path / "data.csv", lines("a,y", *(f"{row},{words[row % 2]}" for row in range(10))))
    table = Table.read(tmp_path / "data.csv")
    assert table.classes.tolist() == classes
    order = np.argsort(np.concatenate((table.train.inputs[:, 0], table.test.inputs[:, 0])))
    numbers = np.concatenate((table.train.targets, table.test.targets))[order]
    spelled = [str(classes[number]).lower() for number in numbers]
    assert spelled == [words[row % 2].lower() for row in range(10)]


def test_other_columns_may_have_one_name(tmp_path):
    write(tmp_path / "data.csv", lines("a,a,y", *GOOD_ROWS))
    same(Table.read(tmp_path / "data.csv"), Table(X, CLASSES))


def test_a_wide_csv_is_read_like_a_narrow_one(tmp_path, monkeypatch):
    write(tmp_path / "data.csv", lines("a,y,b", *(f"{a},{c},{b}" for a, b, c in (row.split(",") for row in GOOD_ROWS))))
    monkeypatch.setattr(csv_files, "WIDE", 2)
    same(Table.read(tmp_path / "data.csv"), Table(X, CLASSES))
    for row, message in {
        "1,0,x": "line 3, column 'b': .*got 'x'",
        "nan,0,1": "line 3, column 'a': .*got 'nan'",
        "1,0": "line 3, column 'b': .*got nothing",
        "1,0,1,4": "line 3, saw 4",
    }.items():
        write(tmp_path / "data.csv", lines("a,y,b", "1,0,1", row))
        with pytest.raises(NeuroNetError, match=message):
            Table.read(tmp_path / "data.csv")


def test_a_header_of_a_million_columns_is_refused_soon(tmp_path):
    write(tmp_path / "data.csv", ",".join(f"c{number}" for number in range(1_000_000)) + "\n")
    started = time.process_time()
    with pytest.raises(NeuroNetError, match="has no target called") as caught:
        Table.read(tmp_path / "data.csv")
    assert len(str(caught.value)) < 400 + len(str(tmp_path))
    assert time.process_time() - started < 10


COLUMNS = {
    "missing date": (pd.to_datetime(["2020-01-01", None] * 10), "row 2, column 'when': inputs must be numbers, got nothing"),
    "missing duration": (
        pd.to_timedelta([1.0, None] * 10, unit="h"),
        "row 2, column 'when': inputs must be numbers, got nothing",
    ),
    "lists": ([[1, 2]] * N, r"row 1, column 'when': inputs must be numbers, got array\(\[1, 2\]\)"),
    "periods": (pd.period_range("2020-01", periods=N, freq="M"), r"got Period\('2020-01', 'M'\): make it a date"),
    "rounded": (np.arange(N) + 2**53, "row 2, column 'when': .* rounded"),
    "time of day": ([datetime.time(1, 2)] * N, r"row 1, column 'when': inputs must be numbers, got datetime\.time\(1, 2\)"),
}


@pytest.mark.parametrize(("column", "message"), COLUMNS.values(), ids=COLUMNS)
def test_a_parquet_column_that_would_change_is_refused(tmp_path, column, message):
    frame(when=column, y=CLASSES).to_parquet(tmp_path / "data.parquet")
    with pytest.raises(NeuroNetError, match=message):
        Table.read(tmp_path / "data.parquet")


ODD_VALUES = {
    "400 digits": (10**400, "above 2.53 would be rounded"),
    "400 digits below zero": (-(10**400), "above 2.53 would be rounded"),
    "text of 400 digits": ("9" * 400, "above 2.53 would be rounded"),
    "list": ([1], r"must be numbers, got \[1\]"),
    "array": (np.ones(2), r"must be numbers, got array\(\[1\., 1\.\]\)"),
    "set": ({1}, r"must be numbers, got \{1\}"),
    "complex": (1j, "must be numbers, got 1j"),
    "fraction": (Fraction(1, 3), "must be numbers, got Fraction"),
    "duration": (np.timedelta64(1, "s"), "must be numbers, got np.timedelta64"),
}
"""Values among the numbers of a column, which pandas cannot convert together."""


@pytest.mark.parametrize(("value", "message"), ODD_VALUES.values(), ids=ODD_VALUES)
def test_the_value_that_is_no_number_is_named(value, message):
    column = pd.Series(np.arange(N) * 0.5, dtype=object)
    column[5] = value
    with pytest.raises(NeuroNetError, match=f"row 6, column 'when': .*{message}") as caught:
        Table.from_frame(frame(when=column, y=CLASSES))
    assert len(str(caught.value)) <= 400


@pytest.mark.parametrize(("payoff", "reason"), [("squared-error", "would be rounded"), ("auto", "a class needs two samples")])
def test_a_target_of_400_digits_is_refused(tmp_path, payoff, reason):
    rows = [f"{row},{'9' * 400 if row == 5 else row % 2}" for row in range(N)]
    write(tmp_path / "data.csv", lines("a,y", *rows))
    with pytest.raises(NeuroNetError, match=reason) as caught:
        Table.read(tmp_path / "data.csv", payoff=payoff)
    assert len(str(caught.value)) < 400 + len(str(tmp_path))


@pytest.mark.parametrize("kind", ["timestamp[ns][pyarrow]", "timestamp[us, Asia/Tokyo][pyarrow]", "date32[pyarrow]"])
def test_dates_of_arrow_are_read_as_those_of_pandas(kind):
    dates = pd.Series(pd.date_range("2020-01-01", periods=N))
    same(Table.from_frame(frame(when=dates.astype(kind), y=CLASSES)), Table.from_frame(frame(when=dates, y=CLASSES)))


@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_dates_in_a_parquet_file_are_inputs(tmp_path, zone):
    dates = pd.date_range("2020-01-01", periods=N, tz=zone)
    frame(when=dates, y=CLASSES).to_parquet(tmp_path / "data.parquet")
    same(Table.read(tmp_path / "data.parquet"), Table(np.column_stack((X, np.arange(N) * 86_400.0)), CLASSES))
