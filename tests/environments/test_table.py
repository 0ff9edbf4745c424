from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronet.core.errors import NeuroNetError
from neuronet.core.payoff import CrossEntropy, SquaredError
from neuronet.environments import Table


def inputs(samples: int = 50, columns: int = 3) -> np.ndarray:
    """Numbers by which each sample can be told, its place among them."""
    rng = np.random.default_rng(samples)
    return np.column_stack((np.arange(samples), rng.standard_normal((samples, columns - 1)) * 5 + 20))


def places(table: Table, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Split into training and test samples: the first input is the row, standardised."""
    column = np.concatenate((table.train.inputs[:, 0], table.test.inputs[:, 0]))
    where = np.round((column - column.min()) / (column.max() - column.min()) * (samples - 1)).astype(int)
    return np.split(where, [len(table.train)])


@settings(max_examples=40, deadline=None)
@given(samples=st.integers(20, 80), classes=st.integers(2, 4), share=st.floats(0.2, 0.6), seed=st.integers(0, 99))
def test_every_sample_is_in_one_part_with_its_own_target(samples, classes, share, seed):
    targets = np.random.default_rng(seed).permutation(np.arange(samples) % classes)
    table = Table(inputs(samples), targets, test_share=share)
    train, test = places(table, samples)
    assert sorted(np.concatenate((train, test))) == list(range(samples))
    np.testing.assert_array_equal(table.train.targets, targets[train])
    np.testing.assert_array_equal(table.test.targets, targets[test])
    assert len(test) == int(np.ceil(share * samples))
    in_test = np.bincount(table.test.targets, minlength=classes)
    assert np.abs(in_test - len(test) * np.bincount(targets) / samples).max() < 2


def test_the_same_arrays_give_the_same_split():
    one, other = (Table(inputs(), np.arange(50) % 2) for _ in range(2))
    np.testing.assert_array_equal(one.train.inputs, other.train.inputs)
    np.testing.assert_array_equal(one.test.targets, other.test.targets)


def test_inputs_are_standardised_by_the_training_samples():
    x = inputs(60)
    table = Table(x, np.arange(60) % 3)
    train, test = places(table, 60)
    mean, deviation = x[train].mean(axis=0), x[train].std(axis=0)
    np.testing.assert_allclose(table.train.inputs, (x[train] - mean) / deviation, atol=1e-12)
    np.testing.assert_allclose(table.test.inputs, (x[test] - mean) / deviation, atol=1e-12)


def test_a_constant_input_becomes_zero():
    x = inputs(20)
    x[:, 1] = 7.0
    table = Table(x, np.arange(20) % 2)
    assert not table.train.inputs[:, 1].any()
    assert not table.test.inputs[:, 1].any()


@pytest.mark.parametrize(
    ("targets", "classes"),
    [
        (["cat", "dog"] * 10, ["cat", "dog"]),
        ([7, -1] * 10, [-1, 7]),
        ([True, False] * 10, [False, True]),
        (np.array(["b", "a", "c", "a"] * 5, dtype=object), ["a", "b", "c"]),
    ],
    ids=["words", "integers", "truths", "objects"],
)
def test_targets_of_few_kinds_are_classes(targets, classes):
    table = Table(inputs(20), targets)
    assert table.payoff == CrossEntropy()
    assert table.classes.tolist() == classes
    assert table.outputs == len(classes)
    train, test = places(table, 20)
    assert [classes[number] for number in table.train.targets] == [targets[place] for place in train]
    assert [classes[number] for number in table.test.targets] == [targets[place] for place in test]


def test_one_column_of_classes_is_a_row_of_classes():
    table = Table(inputs(20), (np.arange(20) % 2)[:, None], payoff="cross-entropy")
    assert table.outputs == 2
    assert table.train.targets.ndim == 1


@pytest.mark.parametrize("columns", [None, 1, 2])
def test_values_are_standardised_by_the_training_samples(columns):
    rng = np.random.default_rng(1)
    values = 100 + 9 * rng.standard_normal((40,) if columns is None else (40, columns))
    table = Table(inputs(40), values)
    assert table.payoff == SquaredError()
    assert table.classes is None
    assert table.outputs == (columns or 1)
    train, test = places(table, 40)
    y = values.reshape(40, -1)
    mean, deviation = y[train].mean(axis=0), y[train].std(axis=0)
    np.testing.assert_allclose(table.train.targets, (y[train] - mean) / deviation, atol=1e-12)
    np.testing.assert_allclose(table.test.targets, (y[test] - mean) / deviation, atol=1e-12)


def test_whole_numbers_are_values_if_that_is_asked_for():
    table = Table(inputs(20), np.arange(20), payoff="squared-error")
    assert (table.payoff, table.outputs) == (SquaredError(), 1)


def test_fractions_are_classes_if_that_is_asked_for():
    table = Table(inputs(20), np.array([0.5, 1.5] * 10), payoff="cross-entropy")
    assert table.classes.tolist() == [0.5, 1.5]


def test_two_samples_can_be_split():
    table = Table([[1.0], [2.0]], [0.5, 1.5])
    assert (len(table.train), len(table.test)) == (1, 1)


def spoilt(value: float) -> np.ndarray:
    x = inputs(20)
    x[3, 1] = value
    return x


TWO = np.arange(20) % 2
HALVES = np.arange(20) / 2
WRONG = {
    "NaN input": ((spoilt(np.nan), TWO), {}, r"here: inputs must be finite numbers, but index \(3, 1\) is nan"),
    "infinite input": ((spoilt(np.inf), TWO), {}, r"here: inputs must be finite numbers, but index \(3, 1\) is inf"),
    "input is a word": (([["a"]] * 20, TWO), {}, "here: inputs must be numbers"),
    "ragged inputs": (([[1.0], [1.0, 2.0]] * 10, TWO), {}, "here: inputs must be numbers"),
    "ragged targets": (
        (inputs(20), [[1.0], [1.0, 2.0]] * 10),
        {},
        "here: targets must be numbers or texts in one array",
    ),
    "enormous inputs": ((spoilt(-1e200), TWO), {}, r"here: numbers must be at most 1e\+100"),
    "enormous values": ((inputs(20), HALVES * 1e200), {}, r"here: numbers must be at most 1e\+100"),
    "inputs in 1 dimension": ((np.arange(20), TWO), {}, r"here: inputs must have the shape \(samples, inputs\).* got \(20,\)"),
    "inputs in 3 dimensions": ((np.ones((20, 2, 2)), TWO), {}, r"here: inputs must have the shape .* got \(20, 2, 2\)"),
    "no inputs": ((np.ones((20, 0)), TWO), {}, r"here: inputs must have the shape .* got \(20, 0\)"),
    "no samples": ((np.ones((0, 3)), np.ones(0)), {}, r"here: inputs must have the shape .* got \(0, 3\)"),
    "a target less": ((inputs(20), TWO[1:]), {}, r"here: 20 inputs do not fit targets of shape \(19,\)"),
    "a value less": ((inputs(20), HALVES[1:]), {}, r"here: 20 inputs do not fit targets of shape \(19,\)"),
    "no targets": ((inputs(20), None), {}, r"here: cross-entropy .* got shape \(\)"),
    "NaN value": ((inputs(20), np.where(HALVES == 2, np.nan, HALVES)), {}, r"here: targets must be finite .*\(4,\) is nan"),
    "NaN class": (
        (inputs(20), np.where(HALVES == 2, np.nan, 1.0)),
        {"payoff": "cross-entropy"},
        "here: a target is missing or not finite",
    ),
    "words and nothing": (
        (inputs(20), np.array(["a", None] * 10, dtype=object)),
        {},
        "here: classes must be all strings or all numbers",
    ),
    "words as values": ((inputs(20), ["a", "b"] * 10), {"payoff": "squared-error"}, "here: targets must be numbers"),
    "values in 3 dimensions": ((inputs(20), np.ones((20, 2, 2))), {}, r"here: targets must have the shape .* got \(20, 2, 2\)"),
    "classes in 2 columns": (
        (inputs(20), np.ones((20, 2), dtype=int)),
        {"payoff": "cross-entropy"},
        r"here: cross-entropy .* got shape \(20, 2\)",
    ),
    "words and NaN": ((inputs(20), ["a", float("nan")] * 10), {}, "here: classes must be all strings or all numbers.* nan too"),
    "words and numbers": ((inputs(20), ["1", 1] * 10), {}, "here: classes must be all strings or all numbers.* 1 too"),
    "complex inputs": ((inputs(20) + 0j, TWO), {}, "here: inputs must be real, got complex"),
    "complex targets": ((inputs(20), HALVES + 1j), {}, "here: targets must be real, got complex"),
    "integers, test of fractions": (
        (inputs(20), TWO),
        {"test": (inputs(20), HALVES)},
        "here: targets .* of one kind, got integers and floating-point values",
    ),
    "integers, test of words": (
        (inputs(20), TWO),
        {"test": (inputs(20), ["0", "1"] * 10), "payoff": "cross-entropy"},
        "here: targets .* of one kind, got integers and strings",
    ),
    "frame without a column": (
        (pd.DataFrame(inputs(20), columns=list("abc")), TWO),
        {"test": (pd.DataFrame(inputs(20), columns=list("abd")), TWO)},
        "here: frames .* same names, but 'c' is in one of them alone",
    ),
    "frame with a column twice": (
        (pd.DataFrame(inputs(20), columns=list("aba")), TWO),
        {"test": (pd.DataFrame(inputs(20), columns=list("aab")), TWO)},
        "here: frames .* same names, but a name is given twice",
    ),
    "rows in another order": (
        (pd.DataFrame(inputs(20)).sample(frac=1, random_state=0), pd.Series(TWO)),
        {},
        "here: inputs and targets must have their rows in one order",
    ),
    "rows of other samples": (
        (pd.DataFrame(inputs(20), index=range(5, 25)), pd.Series(TWO, index=range(6, 26))),
        {},
        r"here: .* indices are different: reset_index\(drop=True\)",
    ),
    "frame with a missing date": (
        (pd.DataFrame({"a": pd.to_datetime(["2020", None] * 10), "b": 1}), TWO),
        {},
        "here, row 2, column 'a': inputs must be numbers, got nothing",
    ),
    "frame of complex numbers": ((pd.DataFrame(inputs(20) + 1j), TWO), {}, "here, row 1, column '0': inputs must be numbers"),
    "one class": ((inputs(20), np.ones(20, dtype=int)), {}, "here: .*two or more classes, got 1"),
    "a class of one": (
        (inputs(20), np.array([0] * 12 + [1] * 7 + [2])),
        {},
        "here: .*class 2 has one",
    ),
    "too few to split": (([[1.0]], [0.5]), {}, "here: 1 samples are too few to split"),
    "too few for every class": (
        (inputs(10), np.arange(10) // 2),
        {"test_share": 0.1},
        "here: 10 samples are too few to split into training and test",
    ),
    "no such payoff": (
        (inputs(20), TWO),
        {"payoff": "cross-entropie"},
        "unknown payoff 'cross-entropie': did you mean 'cross-entropy'",
    ),
    "no test": ((inputs(20), TWO), {"test_share": 0}, "test_share must be a number above 0 and below 1, got 0"),
    "only test": ((inputs(20), TWO), {"test_share": 1.0}, "test_share must be a number above 0 and below 1, got 1.0"),
    "NaN test": ((inputs(20), TWO), {"test_share": float("nan")}, "test_share must be a number above 0 and below 1, got nan"),
}


@pytest.mark.parametrize(("arrays", "options", "message"), WRONG.values(), ids=WRONG)
def test_invalid_table_raises(arrays, options, message):
    with pytest.raises(NeuroNetError, match=message) as caught:
        Table(*arrays, name="here", **options)
    assert "\n" not in str(caught.value)


def test_frames_are_joined_by_the_names_of_their_columns():
    train, test = (pd.DataFrame(inputs(n), columns=["a", "b", "c"]) for n in (30, 20))
    values = {n: pd.DataFrame({"up": np.arange(n) / 2, "down": -np.arange(n) / 3}) for n in (30, 20)}
    expected = Table(train.to_numpy(), values[30].to_numpy(), test=(test.to_numpy(), values[20].to_numpy()))
    table = Table(train, values[30], test=(test[["c", "a", "b"]], values[20][["down", "up"]]))
    np.testing.assert_allclose(table.test.inputs, expected.test.inputs, atol=1e-12)
    np.testing.assert_allclose(table.test.targets, expected.test.targets, atol=1e-12)


def test_dates_in_a_frame_count_seconds_in_both_parts():
    train, test = (pd.DataFrame({"when": pd.date_range(start, periods=10, unit="s")}) for start in ("2020-01-01", "2021-01-01"))
    table = Table(train, TWO[:10], test=(test, TWO[:10]))
    days = np.arange(10)
    np.testing.assert_allclose(table.test.inputs[:, 0], (days + 366 - days.mean()) / days.std(), rtol=1e-9)


def test_whole_numbers_may_be_values_of_a_test_of_fractions_if_that_is_asked_for():
    table = Table(inputs(20), np.arange(20), test=(inputs(20), HALVES), payoff="squared-error")
    mean, deviation = np.arange(20).mean(), np.arange(20).std()
    np.testing.assert_allclose(table.test.targets[:, 0], (HALVES - mean) / deviation)
