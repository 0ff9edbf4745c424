from __future__ import annotations

import datetime
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuronet.core.errors import NeuroNetError
from neuronet.core.payoff import CrossEntropy, SquaredError
from neuronet.environments import Table
from neuronet.environments.tables import csv_files

N = 20
X = np.random.default_rng(0).standard_normal((N, 2))
CLASSES = np.arange(N) % 2
WORDS = np.where(CLASSES == 1, "cat", "dog")


def frame(**columns) -> pd.DataFrame:
    return pd.DataFrame({"length": X[:, 0], "width": X[:, 1], **columns})


def csv(path: Path, table: pd.DataFrame) -> Path:
    table.to_csv(path, index=False)
    return path


def same(one: Table, other: Table) -> None:
    for part, twin in ((one.train, other.train), (one.test, other.test)):
        np.testing.assert_allclose(part.inputs, twin.inputs, rtol=1e-12)
        np.testing.assert_array_equal(part.targets, twin.targets)


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
    "time of day": ([datetime.time(1, 2)] * N, r"row 1, column 'when': inputs must be numbers, got datetime\.time\(1, 2\)"),
}


@pytest.mark.parametrize(("column", "message"), COLUMNS.values(), ids=COLUMNS)
def test_a_parquet_column_that_would_change_is_refused(tmp_path, column, message):
    frame(when=column, y=CLASSES).to_parquet(tmp_path / "data.parquet")
    with pytest.raises(NeuroNetError, match=message):
        Table.read(tmp_path / "data.parquet")


@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_dates_in_a_parquet_file_are_inputs(tmp_path, zone):
    dates = pd.date_range("2020-01-01", periods=N, tz=zone)
    frame(when=dates, y=CLASSES).to_parquet(tmp_path / "data.parquet")
    same(Table.read(tmp_path / "data.parquet"), Table(np.column_stack((X, np.arange(N) * 86_400.0)), CLASSES))


def write(path: Path, content: bytes | str) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def lines(*rows: str) -> str:
    return "\n".join(rows) + "\n"


GOOD_ROWS = [f"{a},{b},{c}" for (a, b), c in zip(X.tolist(), CLASSES.tolist(), strict=True)]

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


def npz(**arrays) -> bytes:
    stream = BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def npy(array: np.ndarray) -> bytes:
    stream = BytesIO()
    np.save(stream, array)
    return stream.getvalue()


GOOD_NPZ = npz(X=X, y=CLASSES)

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
    with pytest.raises(NeuroNetError, match=rf"'.*{name}' not found: table:PATH needs a \.csv, \.npz or \.parquet file"):
        Table.read(tmp_path / name)


def test_folder_instead_of_a_file_is_refused(tmp_path):
    (tmp_path / "data.csv").mkdir()
    with pytest.raises(NeuroNetError, match="not found"):
        Table.read(tmp_path / "data.csv")


@pytest.mark.parametrize("name", ["data.txt", "data", "data.csv.gz", "data.npy"])
def test_another_format_is_refused(tmp_path, name):
    write(tmp_path / name, "a,y\n1,0\n")
    with pytest.raises(NeuroNetError, match=r"cannot read .* needs a \.csv, \.npz or \.parquet file"):
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
