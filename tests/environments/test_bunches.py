"""scikit-learn's bunches, OpenML's data sets, and parquet files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.utils import Bunch

from neuronet.core.errors import NeuroNetError
from neuronet.core.payoff import CrossEntropy, SquaredError
from neuronet.environments import Table, read_openml
from neuronet.testing import check_environment
from tests.helpers import dataset_writers


@pytest.mark.parametrize("load", [load_iris, load_wine, load_diabetes])
def test_a_bunch_is_read_like_its_arrays(load):
    bunch, frames = load(), load(as_frame=True)
    one = Table(bunch.data, bunch.target)
    for other in (Table.from_bunch(bunch), Table.from_bunch(frames)):
        np.testing.assert_allclose(other.train.inputs, one.train.inputs)
        np.testing.assert_array_equal(other.test.targets, one.test.targets)


@pytest.mark.parametrize("wrong", [3, {"data": [1]}, (np.ones((4, 2)), np.ones(4))])
def test_invalid_bunch_is_refused(wrong):
    with pytest.raises(NeuroNetError, match="bunch must be a Bunch of scikit-learn with data and target"):
        Table.from_bunch(wrong)
    with pytest.raises(NeuroNetError, match=r"^here has no target$"):
        Table.from_bunch(Bunch(data=np.ones((4, 2)), target=None), name="here")


def test_a_data_set_of_openml_has_a_column_for_each_category(tmp_path):
    dataset_writers.openml(tmp_path)
    table = read_openml("4321", data_dir=str(tmp_path))
    check_environment(table)
    assert (table.inputs, table.outputs, table.payoff) == (3, 2, CrossEntropy())
    assert table.classes.tolist() == ["no", "yes"]
    colours = np.vstack((table.train.inputs, table.test.inputs))[:, 1:]
    assert ((colours > 0).sum(axis=1) == 1).all()
    values = read_openml("4321", data_dir=str(tmp_path), target="length")
    assert (values.payoff, values.inputs) == (SquaredError(), 4)


def test_a_data_set_of_openml_with_gaps_is_refused(tmp_path):
    dataset_writers.openml(tmp_path, missing=True)
    with pytest.raises(NeuroNetError, match=r"openml:4321, row 5, column 'length'.*got nothing"):
        read_openml("4321", data_dir=str(tmp_path))


def test_a_data_set_of_openml_that_cannot_be_had_is_named(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError("no way\nat all")

    monkeypatch.setattr("sklearn.datasets._openml.urlopen", refuse)
    for which in ("77", "no-such-thing"):
        with pytest.raises(NeuroNetError, match=f"^cannot fetch openml:{which} from https://www.openml.org: ") as caught:
            read_openml(which, data_dir=str(tmp_path))
        assert "\n" not in str(caught.value)
    with pytest.raises(NeuroNetError, match="openml:ID_OR_NAME needs the number or name"):
        read_openml("")
    with pytest.raises(NeuroNetError, match="in ASCII, got '٣'"):
        read_openml("٣")


FRAME = pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20) ** 2, "answer": ["yes", "no"] * 10})


def test_a_parquet_file_is_read_like_its_arrays(tmp_path):
    FRAME.to_parquet(tmp_path / "data.parquet")
    table = Table.read(tmp_path / "data.parquet", target="answer")
    same = Table(FRAME[["a", "b"]].to_numpy(), FRAME["answer"].to_list())
    np.testing.assert_array_equal(table.train.inputs, same.train.inputs)
    np.testing.assert_array_equal(table.test.targets, same.test.targets)


def parquet(path, frame: pd.DataFrame) -> bytes:
    frame.to_parquet(path)
    return path.read_bytes()


BAD = {
    "empty": (lambda _: b"", r"cannot read '.*data\.parquet' as a \.parquet file"),
    "prose": (lambda _: b"Call me Ishmael.", r"cannot read '.*data\.parquet' as a \.parquet file"),
    "cut short": (lambda path: parquet(path, FRAME)[:-30], r"cannot read '.*data\.parquet' as a \.parquet file"),
    "spoilt": (lambda path: parquet(path, FRAME)[:20] + b"\xff" * 40 + parquet(path, FRAME)[60:], r"data\.parquet"),
    "no target": (lambda path: parquet(path, FRAME[["a", "b"]]), r"has no target called target, label, class or y"),
    "a word": (lambda path: parquet(path, FRAME.assign(c=["tall"] + ["1"] * 19)), r"row 1, column 'c': .* got 'tall'"),
    "a gap": (
        lambda path: parquet(path, FRAME.assign(a=FRAME.a.where(FRAME.a != 3))),
        r"row 4, column 'a'.*got nothing",
    ),
    "lists": (lambda path: parquet(path, FRAME.assign(c=[[1, 2]] * 20)), r"column 'c': .* got array"),
    "a target less": (lambda path: parquet(path, FRAME.replace("no", None)), r"row 2: the target 'answer' is missing"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_a_bad_parquet_file_is_named_in_one_sentence(tmp_path, content, message):
    path = tmp_path / "data.parquet"
    path.write_bytes(content(path))
    with pytest.raises(NeuroNetError, match=message) as caught:
        Table.read(path, target=None if "no target" in message else "answer")
    assert "\n" not in str(caught.value)


def test_missing_pyarrow_names_the_extra(tmp_path, monkeypatch):
    def absent(*_, **__):
        raise ImportError("Missing optional dependency 'pyarrow'")

    (tmp_path / "data.parquet").write_bytes(b"")
    monkeypatch.setattr(pd, "read_parquet", absent)
    with pytest.raises(NeuroNetError, match=r"needs pyarrow: pip install 'neuronet\[data\]'$"):
        Table.read(tmp_path / "data.parquet")
