"""Table files that cannot be read get one sentence with the place."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuronet.core.errors import NeuroNetError
from neuronet.environments import Table
from neuronet.environments.tables.csv_files import TableFormat
from tests.environments.table_fixtures import CLASSES, GOOD_NPZ, GOOD_ROWS, WORDS, N, X, lines, npy, npz, write

BAD_CSV = {
    "empty": ("", None, r"cannot read '.*data\.csv': No columns to parse"),
    "header alone": ("a,b,y\n", None, r"data\.csv: inputs must have the shape"),
    "prose": (
        "Call me Ishmael. Some years ago\nnever mind how long\n",
        None,
        r"data\.csv' has no target called target, label, class or y",
    ),
    "more prose": ("To be\nor not\nto be, that, is\n", None, r"data\.csv' has no target called .*: name one of To be$"),
    "an image": (b"\x89PNG\r\n\x1a\n\xff\xfe\x00\x01" * 20, None, r"cannot read '.*data\.csv': "),
    "no target": (lines("a,b,c", *GOOD_ROWS), None, r"has no target called target, label, class or y: name one of a, b, c$"),
    "target misnamed": (lines("a,b,y", *GOOD_ROWS), "x", r"data\.csv' has no target 'x': it has a, b, y$"),
    "target alone": (lines("y", *map(str, CLASSES)), None, r"inputs must have the shape .*got \(20, 0\)"),
    "word among inputs": (
        lines("a,b,y", *GOOD_ROWS, "1.0,tall,0"),
        None,
        r"data\.csv', line 22, column 'b': .* got 'tall'",
    ),
    "input missing": (
        lines("a,b,y", GOOD_ROWS[0], "1.0,,0", *GOOD_ROWS),
        None,
        r"data\.csv', line 3, column 'b'.*got nothing",
    ),
    "NaN input": (lines("a,b,y", "nan,1.0,0", *GOOD_ROWS), None, r"data\.csv', line 2, column 'a'.*got 'nan'"),
    "infinite input": (lines("a,b,y", "inf,1.0,0", *GOOD_ROWS), None, r"inputs must be finite numbers, .* \(0, 0\) is inf"),
    "target missing": (lines("a,b,y", *GOOD_ROWS, "1.0,2.0,"), None, r"line 22: the target 'y' is missing"),
    "rows too long": (lines("b,y", *GOOD_ROWS), None, r"cannot read '.*data\.csv': lines have more columns"),
    "row too long": (lines("a,b,y", *GOOD_ROWS, "1.0,2.0,1,4"), None, r"cannot read '.*data\.csv': .*line 22, saw 4"),
    "target twice": (lines("a,y,y", *GOOD_ROWS), None, r"data\.csv' has more than one column 'y'"),
    "target twice, with spaces": (lines("a, y ,y", *GOOD_ROWS), "y", r"data\.csv' has more than one column 'y'"),
    "two usual names": (lines("a,label,y", *GOOD_ROWS), None, r"more than one usual name of a target, label and y"),
    "saved index": (lines(",b,y", *GOOD_ROWS), None, r"data\.csv', column 1 has no name but '': if it is a saved index"),
    "index saved twice": (lines("Unnamed: 0,b,y", *GOOD_ROWS), None, r"column 1 has no name but 'Unnamed: 0'"),
    "blank lines": (lines("", "a,b,y", "", "  ", GOOD_ROWS[0], "", "x,1,0"), None, r"data\.csv', line 7, column 'a'.* got 'x'"),
    "lines in quotes": ('a,"b\nc",y\n1,2,"p\nq"\n1,2,"p\nr"\nx,2,z\n', None, r"data\.csv', line 7, column 'a'.* got 'x'"),
    "row too long behind lines in quotes": ('a,y\n1,"p\nq"\n1,p,3\n', None, r"data\.csv': .*line 4, saw 3"),
    "number not available": (lines("a,b,y", *GOOD_ROWS, "1.0,2.0,NA"), None, r"line 22: the target 'y' is missing"),
    "word not a number": (lines("a,y", "1,cat", "2,nan"), None, r"line 3: the target 'y' is missing"),
    "a usual name twice, in capitals": (lines("a,Y,y", *GOOD_ROWS), None, "more than one usual name of a target, y and Y"),
    "pandas' second target": (lines("a,y.1,y", *GOOD_ROWS), None, r"column 'y\.1', as pandas calls a second 'y'"),
    "index of reset_index": (
        lines("index,b,y", *(f"{row},1,{row % 2}" for row in range(9))),
        None,
        "column 'index' has a different integer in each row: if it is a saved index",
    ),
    "a class in two ways": (lines("a,y", "1,01", "2,1", "3,2"), None, r"data\.csv': targets must write .* got '01' and '1'"),
    "UTF-16": ("a,y\n1,2\n".encode("utf-16"), None, "save it as UTF-8"),
    "UTF-16 without a mark": ("a,y\n1,2\n".encode("utf-16-le"), None, "line 1 has a NUL character"),
    "NUL": (lines("a,b,y", *GOOD_ROWS, "\0,1,0"), None, "line 22 has a NUL character"),
    "rounded": (
        lines("a,y", *(f"{2**53 + row},{row % 2}" for row in range(9))),
        None,
        r"line 3, column 'a': .* rounded.* got 9007199254740993$",
    ),
    "rounded, of 80 bits": (
        lines("a,y", *(f"{2**80 + 1},{row % 2}" for row in range(9))),
        None,
        r"line 2, column 'a': .* rounded",
    ),
    "one class": (lines("a,b,y", *["1.0,2.0,1"] * 20), None, "two or more classes, got 1"),
    "a class of one": (lines("a,b,y", *GOOD_ROWS, "1.0,2.0,2"), None, "class 2 has one"),
    "one row": (lines("a,b,y", "1.0,2.0,0.5"), None, "1 samples are too few to split"),
}


NUMBERS = ["1,5", "1.234,5", "1,000", "12%", "$3.50", "3 \u20ac", "\u22121.5", "1_000", "0x1f", "\u0661", "2+1j"]
DATES = ["2020-01-31", "2020-01-31T12:00:00Z", "31.12.2020", "1/31/20", "12:30", "12:30:59.5"]


@pytest.mark.parametrize("text", NUMBERS + DATES)
def test_numbers_and_dates_that_are_written_otherwise_are_no_categories(tmp_path, text):
    rows = [f'"{text}",{row % 2}' for row in range(20)]
    write(tmp_path / "data.csv", lines("a,y", *rows))
    with pytest.raises(NeuroNetError, match=r"line 2, column 'a': inputs must be numbers, got .* among the categories"):
        Table.read(tmp_path / "data.csv")
    assert Table.read(tmp_path / "data.csv", form=TableFormat(categories=("a",))).inputs == 1


@pytest.mark.parametrize(
    "texts", [("30-39", "40-49"), ("1st", "2nd"), ("A1", "3B"), ("-", "?"), ("1.2.3", "1.2.4"), ("1a", "=2")]
)
def test_words_with_digits_are_categories(tmp_path, texts):
    write(tmp_path / "data.csv", lines("a,y", *(f"{texts[row % 2]},{row // 2 % 2}" for row in range(20))))
    assert Table.read(tmp_path / "data.csv").inputs == 2


@pytest.mark.parametrize(("content", "target", "message"), BAD_CSV.values(), ids=BAD_CSV)
def test_a_bad_csv_is_named_in_one_sentence(tmp_path, content, target, message):
    path = tmp_path / "data.csv"
    write(path, content)
    with pytest.raises(NeuroNetError, match=message) as caught:
        Table.read(path, target=target)
    assert "\n" not in str(caught.value)


BAD_NPZ = {
    "empty": (b"", None, r"cannot read '.*data\.npz' as an \.npz file"),
    "prose": (b"Call me Ishmael.", None, r"cannot read '.*data\.npz' as an \.npz file"),
    "an array alone": (npy(X), None, r"cannot read '.*data\.npz' as an \.npz file of plain arrays: "),
    "truncated": (GOOD_NPZ[:-40], None, r"cannot read '.*data\.npz' as an \.npz file"),
    "its first half": (GOOD_NPZ[: len(GOOD_NPZ) // 2], None, r"cannot read '.*data\.npz' as an \.npz file"),
    "spoilt in the middle": (GOOD_NPZ[:300] + b"\xff" * 8 + GOOD_NPZ[308:], None, r"cannot read '.*data\.npz' as an \.npz file"),
    "objects": (npz(X=X, y=np.array(["a", 1] * 10, dtype=object)), None, r"cannot read '.*data\.npz' as an \.npz file"),
    "no arrays": (npz(), None, r"has no target called target, label, class or y"),
    "no target": (npz(X=X, z=CLASSES), None, r"has no target called target, label, class or y: name one of X, z$"),
    "target misnamed": (npz(X=X, y=CLASSES), "z", r"has no target 'z': it has X, y$"),
    "no inputs": (npz(y=CLASSES), None, r"needs an array called inputs or X, it has y$"),
    "two usual names": (npz(X=X, y=CLASSES, targets=CLASSES), None, r"more than one usual name of a target, targets and y"),
    "complex": (npz(X=X * 1j, y=CLASSES), None, r"inputs must be real, got complex"),
    "missing date": (npz(X=np.array([["NaT"]] * N, dtype="M8[s]"), y=CLASSES), None, r"at index \(0, 0\) is missing"),
    "training inputs alone": (npz(x_train=X), None, "needs one array of training inputs and one of targets.* got x_train"),
    "half a test": (npz(x_train=X, y_train=CLASSES, x_test=X), None, "has no array 'y_test' for the test"),
    "inputs unclear": (npz(a=X, b=X, y=CLASSES), None, r"needs an array called inputs or X, it has a, b, y$"),
    "a number as inputs": (npz(X=np.float64(3), y=CLASSES), None, r"inputs must have the shape .*got \(\)"),
    "NaN": (npz(X=np.vstack((X[1:], [[0.5, np.nan]])), y=CLASSES), None, r"inputs must be finite numbers, .* \(19, 1\) is nan"),
    "words as inputs": (npz(X=WORDS[:, None], y=CLASSES), None, r"inputs must be numbers"),
    "two usual names of inputs": (npz(inputs=X, X=X, y=CLASSES), None, "more than one usual name of inputs, inputs and X"),
    "records": (npz(X=np.zeros((N, 1), "f8,i4"), y=CLASSES), None, "plain numbers or texts, got records of f0, f1"),
    "rounded": (npz(X=np.arange(2 * N).reshape(N, 2) + 2**53, y=CLASSES), None, r"rounded.* \(0, 1\) is 9007199254740993"),
    "rounded, without a sign": (npz(X=np.full((N, 1), 2**64 - 1, np.uint64), y=CLASSES), None, "rounded.* 18446744073709551615"),
    "a target less": (npz(X=X, y=CLASSES[1:]), None, r"20 inputs do not fit targets of shape \(19,\)"),
}


@pytest.mark.parametrize(("content", "target", "message"), BAD_NPZ.values(), ids=BAD_NPZ)
def test_a_bad_npz_is_named_in_one_sentence(tmp_path, content, target, message):
    path = tmp_path / "data.npz"
    write(path, content)
    with pytest.raises(NeuroNetError, match=message) as caught:
        Table.read(path, target=target)
    assert "\n" not in str(caught.value)


def test_an_array_that_is_there_twice_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("X.npy", npy(X))
        archive.writestr("y.npy", npy(CLASSES))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("y.npy", npy(1 - CLASSES))
    with pytest.raises(NeuroNetError, match="it has the array 'y' twice"):
        Table.read(tmp_path / "data.npz")


def test_arrays_that_are_left_out_are_named(tmp_path):
    write(tmp_path / "data.npz", npz(X=X, y=CLASSES, weights=CLASSES))
    assert Table.read(tmp_path / "data.npz").notes == ["Arrays that are left out: weights."]
    write(tmp_path / "data.npz", npz(x_train=X, y_train=CLASSES, x_val=X))
    assert Table.read(tmp_path / "data.npz").notes == ["Arrays that are left out: x_val."]


def test_a_column_that_counts_the_rows_is_named(tmp_path):
    write(tmp_path / "data.csv", lines("number,y", *(f"{row},{row % 2}" for row in range(1, 21))))
    assert "The column 'number' counts the rows" in Table.read(tmp_path / "data.csv").notes[1]


@pytest.mark.parametrize("target", [1, ["y"], b"y"])
def test_a_target_that_is_no_name_is_refused(tmp_path, target):
    write(tmp_path / "data.csv", lines("a,b,y", *GOOD_ROWS))
    with pytest.raises(NeuroNetError, match="target must be the name of a column, a text, got"):
        Table.read(tmp_path / "data.csv", target=target)


def test_a_bad_file_is_closed(tmp_path):
    path = tmp_path / "data.npz"
    write(path, GOOD_NPZ[:-40])
    with pytest.raises(NeuroNetError):  # an open file would warn, and warnings are errors
        Table.read(path)
    path.unlink()


@pytest.mark.parametrize("name", ["nowhere.csv", "nowhere.npz", "nowhere"])
def test_missing_file_is_named(tmp_path, name):
    with pytest.raises(NeuroNetError, match=rf"'.*{name}' not found: a table is a \.csv, \.npz or \.parquet file"):
        Table.read(tmp_path / name)


def test_folder_instead_of_a_file_is_refused(tmp_path):
    (tmp_path / "data.csv").mkdir()
    with pytest.raises(NeuroNetError, match="not found"):
        Table.read(tmp_path / "data.csv")


@pytest.mark.parametrize("name", ["data.txt", "data", "data.csv.gz", "data.npy"])
def test_another_format_is_refused(tmp_path, name):
    write(tmp_path / name, "a,y\n1,0\n")
    with pytest.raises(NeuroNetError, match=r"cannot read .* a table is a \.csv, \.npz or \.parquet file"):
        Table.read(tmp_path / name)


def check_read_or_refused(path: Path, content: bytes) -> None:
    write(path, content)
    try:
        table = Table.read(path)
    except NeuroNetError as error:
        assert str(error)
    else:
        assert np.isfinite(table.train.inputs).all()
        assert np.isfinite(table.train.targets).all()


fuzz = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@fuzz
@given(cut=st.integers(0, len(GOOD_NPZ)), place=st.integers(0, len(GOOD_NPZ)), noise=st.binary(max_size=6))
def test_any_spoilt_npz_is_read_or_refused(tmp_path, cut, place, noise):
    check_read_or_refused(tmp_path / "data.npz", GOOD_NPZ[:place] + noise + GOOD_NPZ[place + len(noise) : max(cut, place)])


GOOD_CSV = lines("a,b,y", *GOOD_ROWS).encode()


@fuzz
@given(
    place=st.integers(0, len(GOOD_CSV)), cut=st.integers(0, 5), noise=st.binary(max_size=5) | st.sampled_from([b",", b'"', b"\n"])
)
def test_any_spoilt_csv_is_read_or_refused(tmp_path, place, cut, noise):
    check_read_or_refused(tmp_path / "data.csv", GOOD_CSV[:place] + noise + GOOD_CSV[place + cut :])


@fuzz
@given(content=st.binary(max_size=80) | st.text("abc,;\"'\n0123456789.-e y", max_size=80).map(str.encode))
def test_any_file_at_all_is_read_or_refused(tmp_path, content):
    for name in ("data.csv", "data.npz"):
        check_read_or_refused(tmp_path / name, content)
