"""Tables with categories and gaps: everything is learnt from the training samples, and what was chosen is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from neuronet.core.errors import ConfigurationError, DataError, NeuroNetError
from neuronet.core.payoff import BalancedCrossEntropy
from neuronet.environments import Table, TableFormat
from neuronet.environments.split import split
from neuronet.environments.tables import raw_inputs
from neuronet.testing import check_environment
from tests.environments.table_fixtures import csv, lines, same, write

RNG = np.random.default_rng(5)
N = 60


def people(seed: int = 0) -> pd.DataFrame:
    """A table with numbers, words, truths, gaps and a target."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 9, N),
            "town": rng.choice(["Oslo", "NA", "Bern"], N),
            "member": rng.choice([True, False], N),
            "y": rng.choice(["yes", "no"], N, p=[0.3, 0.7]),
        }
    )
    frame.loc[rng.choice(N, 5, replace=False), "age"] = np.nan
    frame["town"] = frame["town"].astype(object).where(rng.random(N) > 0.1, None)
    return frame


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 999), missing=st.sampled_from(["mean", "median"]))
def test_columns_are_learnt_from_the_training_samples(seed, missing):
    """scikit-learn's pipeline, fitted on the training samples alone, is the oracle."""
    frame = people(seed)
    table = Table.from_frame(frame, missing=missing, unseen="zeros")
    inputs, (classes, numbers) = frame.drop(columns="y"), np.unique(frame["y"], return_inverse=True)
    train, test = split(N, numbers, 0.2, "")
    words = make_pipeline(
        SimpleImputer(strategy="most_frequent", missing_values=None),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    oracle = make_pipeline(
        make_column_transformer(
            (SimpleImputer(strategy=missing), ["age"]),
            (words, ["town"]),
            (OneHotEncoder(sparse_output=False), ["member"]),
        ),
        StandardScaler(),
    )
    oracle.fit(inputs.iloc[train])
    np.testing.assert_allclose(table.train.inputs, oracle.transform(inputs.iloc[train]), atol=1e-12)
    np.testing.assert_allclose(table.test.inputs, oracle.transform(inputs.iloc[test]), atol=1e-12)
    assert classes[table.test.targets].tolist() == frame["y"].iloc[test].tolist()
    np.testing.assert_array_equal(table.encoding.encode(inputs.iloc[test]), table.test.inputs)


def test_tables_with_categories_keep_the_contract():
    table = Table.from_frame(people(), missing="median", payoff="balanced-cross-entropy")
    check_environment(table)
    check_environment(table.validation_split())


def test_a_file_is_read_like_its_frame(tmp_path):
    frame = people()
    expected = Table.from_frame(frame, missing="mean")
    same(Table.read(csv(tmp_path / "people.csv", frame), missing="mean"), expected)
    frame.to_parquet(tmp_path / "people.parquet")
    same(Table.read(tmp_path / "people.parquet", missing="mean"), expected)
    separate = frame.drop(columns="y"), frame["y"].tolist()
    same(Table(*separate, missing="mean"), expected)


def test_what_was_chosen_is_noted():
    notes = Table.from_frame(people(), missing="median").notes
    assert notes[0] == "The target is the column 'y', as none is named."
    assert notes[1] == "Columns of categories, with their number: town (3), member (2)."
    gaps = int(people().isna().to_numpy().sum())
    assert notes[2] == f"{gaps} missing inputs are filled with the median or the most frequent category of the training samples."
    assert Table.from_frame(people()[["age", "y"]].dropna(), target="y").notes == []


def test_samples_with_gaps_are_dropped_if_that_is_asked_for():
    frame = people()
    table = Table.from_frame(frame, target="y", missing="drop")
    whole = frame.dropna()
    assert f"{N - len(whole)} of {N} samples have a missing input and are left out." in table.notes
    same(table, Table.from_frame(whole, target="y"))
    with pytest.raises(DataError, match="row 1, column 'age': inputs must be numbers, got nothing"):
        table.encoding.encode(frame.drop(columns="y")[frame["age"].isna()])
    test = Table(
        frame.drop(columns="y"), frame["y"].tolist(), test=(frame.drop(columns="y"), frame["y"].tolist()), missing="drop"
    )
    assert (len(test.train), len(test.test)) == (len(whole), len(whole))


def test_arrays_may_have_gaps_too():
    inputs = RNG.normal(size=(40, 2))
    inputs[3, 1] = np.nan
    table = Table(inputs, np.arange(40) % 2, missing="mean")
    assert table.features == ()
    assert table.encoding.encode([[0.0, np.nan]])[0, 1] == pytest.approx(0.0)
    with pytest.raises(DataError, match=r"index \(3, 1\) is nan"):
        Table(inputs, np.arange(40) % 2)


def with_rare_town() -> pd.DataFrame:
    """A table whose only sample from Rome is in the test."""
    frame = people().dropna().reset_index(drop=True)
    _, test = split(len(frame), np.unique(frame["y"], return_inverse=True)[1], 0.2, "")
    frame.loc[test[0], "town"] = "Rome"
    return frame


def test_categories_of_the_test_alone_are_refused_with_their_line(tmp_path):
    frame = with_rare_town()
    line = int(frame.index[frame["town"] == "Rome"][0]) + 2
    with pytest.raises(DataError, match=f"people.csv', line {line}, column 'town': no training sample has the category 'Rome'"):
        Table.read(csv(tmp_path / "people.csv", frame))
    table = Table.from_frame(frame, unseen="zeros")
    assert table.notes[-1] == "1 inputs have a category that no training sample has, and are 0 in their column."
    assert "town=Rome" not in table.encoding.input_names


BAD = {
    "a word among numbers": (
        people().assign(age=[*["1"] * 59, "old"]),
        {},
        "row 60, column 'age': inputs must be numbers, got 'old'",
    ),
    "a gap": (people(), {}, "inputs must be numbers, got nothing"),
    "a gap in words": (people().assign(age=1.0), {}, "column 'town': inputs must be given, got nothing"),
    "no value": (people().assign(age=np.nan), {"missing": "mean"}, "column 'age': no training sample has a value"),
    "no target": (people().rename(columns={"y": "z"}), {}, "frame has no target called target, label, class or y"),
    "a target less": (
        people().assign(y=[*["a", "b"] * 29, "a", None]),
        {"missing": "median"},
        "row 60: the target 'y' is missing",
    ),
    "a saved index": (people().rename(columns={"age": "Unnamed: 0"}), {}, "has no name but 'Unnamed: 0'.*exclude='Unnamed: 0'"),
    "names": (
        people().assign(age=[f"p{n}" for n in range(N)]),
        {"missing": "mean"},
        "column 'age': no training sample has the cat",
    ),
    "no such option": (people(), {"missing": "guess"}, "missing must be one of refuse, mean, median, drop, got 'guess'"),
    "no such column": (people(), {"form": TableFormat(exclude="age,town")}, "frame has no column 'age,town'"),
    "all dropped": (people().assign(age=np.nan), {"missing": "drop"}, "without 0|too few|two or more classes"),
}


@pytest.mark.parametrize(("frame", "options", "message"), BAD.values(), ids=BAD)
def test_frames_that_do_not_fit_get_one_sentence(frame, options, message):
    with pytest.raises(NeuroNetError, match=message) as caught:
        Table.from_frame(frame, **options)
    assert "\n" not in str(caught.value)


def test_columns_of_prose_are_refused(monkeypatch):
    monkeypatch.setattr(raw_inputs, "MAX_CATEGORIES", 10)
    frame = people().dropna().assign(age=lambda table: [f"p{row}" for row in range(len(table))])
    with pytest.raises(DataError, match="column 'age': at most 10 categories can be inputs, got"):
        Table.from_frame(frame)


def test_format_of_a_csv_can_be_said(tmp_path):
    frame = people().dropna().assign(zip=lambda table: [f"0{row % 3}" for row in range(len(table))])
    frame.to_csv(tmp_path / "people.csv", sep=";", decimal=",", index=True)
    form = TableFormat(";", ",", exclude="Unnamed: 0", categories=["zip"])
    with pytest.raises(DataError, match=r"separated by ';'\? Write table:.*people\.csv\(separator=';'\)"):
        Table.read(tmp_path / "people.csv")
    with pytest.raises(DataError, match="column 1 has no name but ''"):
        Table.read(tmp_path / "people.csv", form=TableFormat(";", ","))
    frame.to_csv(tmp_path / "people.csv", sep=";", decimal=",", index_label="Unnamed: 0")
    table = Table.read(tmp_path / "people.csv", form=form)
    assert table.features == ("age", "town", "member", "zip")
    assert table.encoding.columns[3].categories == ("00", "01", "02")
    same(table, Table.from_frame(frame, form=TableFormat(categories="zip")))


def test_decimal_commas_in_targets_are_numbers(tmp_path):
    write(tmp_path / "data.csv", lines("a;y", *(f"{row},5;{row},25" for row in range(20))))
    table = Table.read(tmp_path / "data.csv", form=TableFormat(";", ","))
    same(table, Table(np.arange(20)[:, None] + 0.5, np.arange(20) + 0.25))


@pytest.mark.parametrize(
    "options", [{"separator": ";;"}, {"separator": ""}, {"decimal": ";"}, {"decimal": ","}, {"separator": "1"}]
)
def test_formats_that_cannot_be_are_refused(options):
    with pytest.raises(ConfigurationError, match="must be"):
        TableFormat(**options)


def test_balanced_payoff_has_the_weights_of_the_training_samples():
    frame = people()
    table = Table.from_frame(frame, missing="mean", payoff="balanced-cross-entropy")
    counts = np.bincount(table.train.targets)
    assert table.payoff == BalancedCrossEntropy(tuple((len(table.train) / (2 * counts)).tolist()))
