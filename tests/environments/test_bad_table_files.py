"""Table files that cannot be read get one sentence with the place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuronet.core.errors import NeuroNetError
from neuronet.environments import Table
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
    "one class": (lines("a,b,y", *["1.0,2.0,1"] * 20), None, "two or more classes, got 1"),
    "a class of one": (lines("a,b,y", *GOOD_ROWS, "1.0,2.0,2"), None, "class 2 has one"),
    "one row": (lines("a,b,y", "1.0,2.0,0.5"), None, "1 samples are too few to split"),
}


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
    "a target less": (npz(X=X, y=CLASSES[1:]), None, r"20 inputs do not fit targets of shape \(19,\)"),
}


@pytest.mark.parametrize(("content", "target", "message"), BAD_NPZ.values(), ids=BAD_NPZ)
def test_a_bad_npz_is_named_in_one_sentence(tmp_path, content, target, message):
    path = tmp_path / "data.npz"
    write(path, content)
    with pytest.raises(NeuroNetError, match=message) as caught:
        Table.read(path, target=target)
    assert "\n" not in str(caught.value)


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
