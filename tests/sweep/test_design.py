"""Which cells a file describes, and what it may not say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronet.core.errors import NeuroNetError
from neuronet.sweep import Choices, Range, read_design
from neuronet.sweep.cells import make_plan
from neuronet.sweep.design import parse_design

FILE = """
environment = "xor"
seed = 4
seeds = 2
epochs = 3

[grid]
policy = ["attention", "greedy(top=3)"]
learning_rate = [0.02, 0.2]

[paired]
hidden = [[8], [4, 4], []]
batch_size = [8, 16, 32]

[random]
draws = 2
seed = 7
optimizer = ["sgd", "momentum(0.5)"]
"""


def options(rates=(0.1,), rows=(8,), draws=1, seeds=1, **more):
    drawn = {"draws": draws, "batch_size": {"low": 1, "high": 10**9}}
    return {"environment": "xor", "seeds": seeds, **more} | {
        "grid": {"learning_rate": list(rates)},
        "paired": {"hidden": list(rows), "epochs": list(range(1, len(rows) + 1))},
        "random": drawn,
    }


def keys(given):
    return [cell.key for cell in make_plan(parse_design(given)).cells]


def test_design_from_a_file(tmp_path):
    (tmp_path / "study.toml").write_text(FILE)
    design = read_design(tmp_path / "study.toml")
    plan = make_plan(design)
    assert plan.columns == ("policy", "learning_rate", "hidden", "batch_size", "optimizer", "seed")
    assert len({(cell.config.hidden, cell.config.batch_size) for cell in plan.cells}) == 3
    assert {cell.config.seed for cell in plan.cells} == {4, 5}
    assert {cell.config.epochs for cell in plan.cells} == {3}
    assert {cell.config.engine for cell in plan.cells} == {"tensors"}  # auto
    assert {cell.swept["hidden"] for cell in plan.cells} == {"8", "4,4", "none"}
    first = plan.cells[0]
    assert str(first).startswith("cell 1 (policy=attention, learning_rate=0.02, hidden=8, batch_size=8, optimizer=")
    rules = [draw["optimizer"] for draw in list(design.settings())[:2]]
    assert len(plan.cells) + plan.duplicates == 2 * 2 * 3 * 2 * 2
    assert len(plan.cells) == 2 * 2 * 3 * len(set(rules)) * 2


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 5), st.integers(1, 4))
def test_every_combination_runs_once(rates, rows, draws, seeds):
    given = options([0.1 * n for n in range(1, rates + 1)], range(1, rows + 1), draws, seeds)
    found = keys(given)
    assert len(found) == len(set(found)) == rates * rows * draws * seeds
    assert [cell.number for cell in make_plan(parse_design(given)).cells] == list(range(1, len(found) + 1))


@given(st.sampled_from(["rates", "rows", "draws", "seeds"]), st.integers(0, 2**40))
def test_more_values_only_add_cells(which, seed):
    few = {"rates": [0.1, 0.2], "rows": [8, 4], "draws": 2, "seeds": 2}
    many = few | {which: few[which] + 1 if isinstance(few[which], int) else [*few[which], 3]}
    assert set(keys(options(**few, seed=seed))) < set(keys(options(**many, seed=seed)))


def test_explicit_defaults_give_the_same_cells():
    plain = {"environment": "xor", "seeds": 2}
    assert keys(plain) == keys(plain | {"epochs": 20, "grid": {"activation": ["relu"]}}) == keys(plain | {"seeds": [0, 1]})
    assert keys(plain | {"grid": {"hidden": [[16]]}}) == keys(plain | {"hidden": np.int64(16)})


@given(
    st.floats(1e-6, 1e3),
    st.floats(1.001, 1e4),
    st.booleans(),
    st.lists(st.floats(0, 1, exclude_max=True), min_size=2, max_size=9),
)
def test_range_quantiles_are_ordered_and_within_bounds(low, factor, log, shares):
    source = Range(low, low * factor, log)
    drawn = [source.quantile(share) for share in sorted(shares)]
    assert drawn == sorted(drawn)
    assert low * (1 - 1e-12) <= drawn[0]
    assert drawn[-1] <= low * factor
    middle = math.sqrt(low * low * factor) if log else low * (1 + factor) / 2
    assert source.quantile(0.5) == pytest.approx(middle)


@given(st.integers(1, 50), st.integers(1, 50), st.booleans())
def test_integer_range_includes_both_ends(low, more, log):
    source = Range(low, low + more, log)
    shares = np.linspace(0, 1, 20_000, endpoint=False)
    drawn = [source.quantile(share) for share in shares]
    assert set(drawn) == set(range(low, low + more + 1))
    assert all(isinstance(number, int) for number in drawn)


def test_draws_follow_their_distribution():
    given = {"environment": "xor", "random": {"draws": 400, "seed": 3, "learning_rate": {"low": 1e-4, "high": 1.0, "log": True}}}
    powers = np.sort([-math.log10(cell.config.learning_rate) / 4 for cell in make_plan(parse_design(given)).cells])
    assert np.abs(powers - (np.arange(400) + 0.5) / 400).max() < 1.63 / math.sqrt(400)  # Kolmogorov's 1% bound
    found = parse_design(given | {"random": {"draws": 400, "activation": ["relu", "tanh"]}}).settings()
    assert 160 < sum(setting["activation"] == "relu" for setting in found) < 240
    assert Choices((1, 2, 3)).quantile(0.999) == 3


def test_duplicate_draws_run_once():
    plan = make_plan(parse_design({"environment": "xor", "seeds": 2, "random": {"draws": 9, "activation": ["relu", "tanh"]}}))
    assert (len(plan.cells), plan.duplicates) == (4, 14)


WRONG = [
    ({}, "cell 1 (seed=0): environment is missing: say what to train on, such as 'digits'"),
    ({"environment": "digit"}, "cell 1 (seed=0): unknown environment 'digit': did you mean 'digits'"),
    ({"grid": {"learning_rate": [0.1, -1]}}, "cell 2 (learning_rate=-1, seed=0): learning_rate should be greater than 0, got -1"),
    ({"grid": {"policy": ["greedy", "gredy"]}}, "cell 2 (policy=gredy, seed=0): unknown policy 'gredy': did you mean 'greedy'"),
    ({"grid": {"hidden": [8, [4, -2]]}}, "cell 2 (hidden=4,-2, seed=0): hidden should be greater than or equal to 1, got -2"),
    ({"grid": {"batch_size": [8, [4, 2]]}}, "cell 2 (batch_size=4,2, seed=0): batch_size should be a valid integer, got [4, 2]"),
    ({"grid": {"learning_rat": [0.1]}}, "unknown field in [grid] 'learning_rat': did you mean 'learning_rate'"),
    ({"epoch": 3}, "unknown field in the fixed fields 'epoch': did you mean 'epochs'"),
    ({"grids": {"epochs": [3]}}, "unknown field in the fixed fields 'grids': did you mean 'grid'"),
    ({"grid": 3}, "[grid] must hold fields of a run, each with its values, got 3"),
    ({"grid": {"epochs": 3}}, "epochs in [grid] must be a list of values, got 3"),
    ({"grid": {"epochs": []}}, "epochs in [grid] must be a list of values, got []"),
    ({"grid": {"epochs": [1, 2, 1]}}, "epochs in [grid] holds 1 twice"),
    ({"grid": {"seed": [1, 2]}}, "seed is in [grid]: write seeds = 5, or seeds = [0, 7], above the sections"),
    ({"epochs": 2, "grid": {"epochs": [1]}}, "epochs is given twice, in the fixed fields and in [grid]: leave one of them out"),
    ({"grid": {"epochs": [1]}, "paired": {"epochs": [1]}}, "epochs is given twice, in [grid] and in [paired]"),
    ({"paired": {"epochs": [1, 2], "hidden": [8]}}, "equally many values: epochs has 2 and hidden has 1"),
    ({"paired": {"epochs": [1, 1], "hidden": [8, 8]}}, "[paired] holds {'epochs': 1, 'hidden': 8} twice"),
    ({"random": {"epochs": [1, 2]}}, "[random] says what is drawn but not how often: add draws = 20"),
    ({"random": {"draws": 5}}, "[random] says how often but not what is drawn"),
    ({"random": {"draws": 0, "epochs": [1, 2]}}, "draws in [random] must be an integer of 1 or more, got 0"),
    ({"random": {"draws": 1, "epochs": 3}}, "epochs in [random] must be a range such as { low = 0.001, high = 0.1, log = true }"),
    ({"random": {"draws": 1, "epochs": {"low": 3}}}, "epochs in [random] has no high"),
    ({"random": {"draws": 1, "epochs": {"low": 3, "high": 4, "step": 1}}}, "epochs in [random] has an unknown 'step'"),
    (
        {"random": {"draws": 1, "epochs": {"low": 3, "high": 2}}},
        "epochs in [random]: high must be a finite number above 3, got 2",
    ),
    ({"random": {"draws": 1, "epochs": {"low": 0, "high": 2, "log": True}}}, "low must be a finite number above 0, got 0"),
    ({"random": {"draws": 1, "epochs": {"low": 1, "high": 2, "log": 3}}}, "log must be true or false, got 3"),
    ({"random": {"draws": 2, "epochs": {"low": "a", "high": 4}}}, "epochs in [random]: low must be a finite number, got 'a'"),
    (
        {"learning_rate": [0.1, 0.2]},
        "learning_rate stands above the sections with several values: put it under [grid]: [0.1, 0.2]",
    ),
    ({"seed": [3, 4]}, "seed stands above the sections with several values: write seeds = [3, 4]"),
    ({"seeds": 10**9}, "a sweep may have 1,000,000 cells, this one has 1,000,000,000 or more"),
    ({"seeds": 2000, "random": {"draws": 1000, "epochs": [1, 2]}}, "this one has 2,000,000 or more"),
    ({"channels": ["demand:dropot(0.3)"]}, "cell 1 (seed=0): unknown channel 'dropot': did you mean 'dropout'"),
    (
        {"engine": "tensors", "grid": {"update_schedule": ["synchronous", "random-sequential"]}},
        "cell 2 (update_schedule=random-sequential, seed=0): the tensor engine",
    ),
    ({"engine": "agents", "device": "cuda"}, "cell 1 (seed=0): the agent engine needs device cpu, got device cuda"),
    ({"seeds": 0}, "seeds must be an integer of 1 or more, got 0"),
    ({"seeds": [1, 1]}, "seeds must be how many, or a list of them, each once, got [1, 1]"),
    ({"seeds": [-1]}, "seed must be an integer from 0 to 2**63 - 1, got -1"),
    ({"seeds": [1], "seed": 3}, "seed is given, and seeds is a list: leave seed out"),
    ({"replicas": 3}, "replicas is not a field of a sweep: seeds says from how many seeds each setting is played"),
    ({"grid": {"checkpoint_every": [1, 2]}}, "checkpoint_every is not a field of a sweep"),
]


@pytest.mark.parametrize(("given", "sentence"), WRONG, ids=[str(given) for given, _ in WRONG])
def test_wrong_design_is_refused(given, sentence):
    base = {} if not given else {"environment": "xor"}
    with pytest.raises(NeuroNetError) as refusal:
        make_plan(parse_design(base | given))
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
