"""Columns of frames become inputs as scikit-learn's transformers make them, or are refused with the place."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

from neuronet.core.data.columns import Column, encode_columns, unseen_categories
from neuronet.core.data.encoding import Encoding
from neuronet.core.data.frames import column_texts, is_categorical, row_place
from neuronet.core.errors import DataError

PLACE = row_place("here")
COLOURS = Column(("blue", "red"), "red")
FRAME = pd.DataFrame({"size": [1.5, None, 3.0], "colour": ["red", None, "blue"]})


@settings(max_examples=20, deadline=None)
@given(
    words=st.lists(st.sampled_from(["a", "b", "NA", " c", "ä"]) | st.none(), min_size=1, max_size=12),
    seed=st.integers(0, 99),
    fill=st.floats(-1e6, 1e6),
)
def test_columns_are_encoded_as_by_scikit_learn(words, seed, fill):
    rng = np.random.default_rng(seed)
    numbers = np.where(rng.random(len(words)) < 0.3, np.nan, rng.normal(size=len(words)))
    frame = pd.DataFrame({"number": numbers, "word": pd.Series(words, dtype=object), "other": rng.normal(size=len(words))})
    columns = (Column(fill=fill), Column((" c", "a", "b"), "b"), Column())
    got = encode_columns(frame, columns, PLACE, "zeros")
    filled = SimpleImputer(strategy="constant", fill_value=fill).fit_transform(np.vstack((numbers[:, None], [[0.0]])))[:-1]
    given_words = frame["word"].where(frame["word"].notna(), "b").to_numpy(dtype=object)[:, None]
    encoder = OneHotEncoder(categories=[[" c", "a", "b"]], handle_unknown="ignore", sparse_output=False)
    hot = encoder.fit(np.array([[" c"], ["a"], ["b"]], dtype=object)).transform(given_words)
    np.testing.assert_array_equal(got, np.column_stack((filled, hot, frame["other"])))


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([True, False, None], ["True", "False", None]),
        (pd.Series([1, 2, None]), ["1", "2", None]),
        (pd.Series(["x", "", "<NA>"], dtype="category"), ["x", None, None]),
        (["NA", "None", "nan"], ["NA", "None", None]),
        (pd.Series([True, None, False], dtype="boolean"), ["True", None, "False"]),
    ],
    ids=str,
)
def test_categories_are_texts(values, texts):
    assert column_texts(pd.Series(values)).tolist() == texts


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", "b"], True),
        (["a", "1"], False),
        (["1", "2", "NA"], False),
        (["NA", "EU"], True),
        ([True, False], True),
        ([True, None], True),
        ([1, 2], False),
        (pd.Series([1, 2], dtype="category"), True),
        ([None, None], False),
        (["", None], False),
        ([["a"], ["b"]], False),
        (pd.to_datetime(["2020-01-01"]), False),
    ],
    ids=str,
)
def test_words_and_truths_are_categories(values, expected):
    assert is_categorical(pd.Series(values)) is expected


@pytest.mark.parametrize(
    ("columns", "unseen", "message"),
    [
        (
            (Column(), COLOURS),
            "refuse",
            "^here, row 2, column 'size': inputs must be numbers, got nothing: train with --missing mean, median or drop",
        ),
        ((Column(fill=0.0), Column(("blue", "red"))), "refuse", "^here, row 2, column 'colour': inputs must be given, got noth"),
        (
            (Column(fill=0.0), Column(("blue",), "blue")),
            "refuse",
            "^here, row 1, column 'colour': no training sample.*'red'.*blue",
        ),
    ],
)
def test_values_that_do_not_fit_are_named(columns, unseen, message):
    with pytest.raises(DataError, match=message):
        encode_columns(FRAME, columns, PLACE, unseen)


def test_unseen_categories_are_zeros_if_that_is_asked_for():
    columns = (Column(fill=2.0), Column(("blue",), "blue"))
    assert encode_columns(FRAME, columns, PLACE, "zeros").tolist() == [[1.5, 0.0], [2.0, 1.0], [3.0, 1.0]]
    assert unseen_categories(FRAME["colour"], columns[1]).tolist() == [True, False, False]


@pytest.mark.parametrize(
    "arguments", [((1, 2),), (("a", "a"),), (("a",), "b"), ((), "b"), ((), np.inf), ((), True), (("a",), 1.0)], ids=str
)
def test_columns_that_cannot_be_are_refused(arguments):
    with pytest.raises(DataError):
        Column(*arguments)


def test_encodings_name_their_inputs_and_check_them():
    encoding = Encoding(3, None, ("size", "colour"), np.arange(2), columns=(Column(fill=1.0), COLOURS))
    encoding.check_sizes(3, 2)
    assert encoding.input_names == ("size", "colour=blue", "colour=red")
    assert encoding.encode(FRAME).tolist() == [[1.5, 0.0, 1.0], [1.0, 0.0, 1.0], [3.0, 1.0, 0.0]]
    np.testing.assert_array_equal(encoding.encode(FRAME.to_numpy(dtype=object)), encoding.encode(FRAME))
    with pytest.raises(DataError, match=r"shape \(samples, 2\), got \(3, 1\)"):
        encoding.encode(FRAME[["size"]])
    with pytest.raises(DataError, match=r"row 0, column 0 \(size\) is inf"):
        encoding.encode(FRAME.assign(size=np.inf))
    for wrong in (
        Encoding(3, columns=(Column(), Column())),
        Encoding(3, features=("size",), columns=(Column(), COLOURS)),
        Encoding(3, classes=np.array(["a", "a"])),
        Encoding(3, unseen="ignore"),  # type: ignore[arg-type]
    ):
        with pytest.raises(DataError):
            wrong.check_sizes(3, 2)
