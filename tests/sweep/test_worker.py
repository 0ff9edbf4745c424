"""Cells in a group give the same results as alone, and failing cells do not affect others."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neuronet
from neuronet.core.errors import ConfigurationError, WorkerError
from neuronet.execution import Executor
from neuronet.sweep import estimate_time, inspect_environments, sweep
from neuronet.sweep.cells import benefits_from_batching, estimated_seconds, make_groups, make_plan
from neuronet.sweep.design import EXCLUDED_FIELDS, parse_design
from neuronet.sweep.environment_info import inspect_environment
from neuronet.sweep.worker import measure_group
from neuronet.training.config import RunConfig

SMALL = {"environment": "xor", "hidden": [8], "epochs": 2}
FAILING = "tests.sweep.failing_policies:FailsAtHighRates"

ALTERNATIVES = {
    "policy": ["noisy(trembling-hand)", "attention:0.5,contrarian:0.5"],
    "hidden": [[5, 4], []],
    "activation": ["tanh"],
    "connectivity": ["sparse(0.5)"],
    "init": ["glorot"],
    "epochs": [3],
    "batch_size": [7],
    "lr_schedule": ["cosine"],
    "optimizer": ["adam"],
    "dtype": ["float32"],
    "alignment": [True],
    "inequality": [True],
    "kernels": ["torch", "compiled"],
    "device": ["cpu"],
    "engine": ["tensors"],
    "payoff": ["squared-error", "balanced-cross-entropy"],
    "missing": ["mean"],
    "unseen": ["zeros"],
    "channels": [["demand:dropout(0.3)", "activity:k-winners(0.5)"], ["demand:delay(2)"]],
    "interventions": [["1: lesion(layer=1, share=0.4)", "round 3: noise(layer=1, sigma=0.2)"]],
}
"""A value besides the default for every field that must reach the cells of a group."""

ALONE = {"environment", "seed", "learning_rate", "target", "data_dir", "matmul", "update_schedule", "trace"} | set(
    EXCLUDED_FIELDS
)
"""Fields of every cell here; those that say where samples are found; one that the CPU does nothing for; one for agents alone;
traces, which have a test of their own."""


def errors(table):
    return table["error"].fillna("").tolist()


def test_every_field_of_a_run_has_an_alternative():
    assert set(RunConfig.model_fields) == {*ALTERNATIVES, *ALONE}


@pytest.fixture
def lines(tmp_path, request):
    """Return the spec of a table with a column of classes, and what the options missing and unseen are for."""
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(60, 2))
    frame = pd.DataFrame({"a": inputs[:, 0], "b": inputs[:, 1], "y": (inputs[:, 0] > 0).astype(int)})
    name = request.node.callspec.params.get("name") if hasattr(request.node, "callspec") else None
    if name == "missing":
        frame.loc[7, "a"] = np.nan
    if name == "unseen":
        frame["c"] = [f"word {row}" for row in range(60)]
    frame.to_csv(tmp_path / "lines.csv", index=False)
    return f"table:{tmp_path / 'lines.csv'}"


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in ALTERNATIVES.items() for value in values], ids=str)
def test_group_gives_the_same_results_as_cells_alone(name, value, lines):
    world = lines if name in ("payoff", "missing", "unseen") else "xor"
    options = {**SMALL, "optimizer": "momentum(0.5)", "environment": world, name: value}
    table = sweep({**options, "seeds": [3, 8], "grid": {"learning_rate": [0.05, 0.2]}})
    assert set(table["group_size"]) == {4}
    for row in table.to_dict("records"):
        alone = {"engine": "tensors", **options, "seed": row["seed"], "learning_rate": row["learning_rate"]}
        run = neuronet.train(alone.pop("environment"), **alone)
        last, tolerance = run.last.iloc[0], 1e-4 if value == "float32" else 1e-11
        for measure in ("test_loss", "test_accuracy", "train_loss", "train_accuracy"):
            np.testing.assert_allclose(row[measure], last[measure], rtol=tolerance, err_msg=measure)
        assert row["rounds"] == run.rounds
        if name == "alignment":
            whole = run.alignment[(run.alignment["layer"] == 0) & (run.alignment["epoch"] == 2)]
            np.testing.assert_allclose(row["cosine"], whole["cosine"].iloc[0], rtol=1e-9)
        if name == "inequality":
            whole = run.inequality[(run.inequality["layer"] == 0) & (run.inequality["epoch"] == 2)]
            np.testing.assert_allclose(row["gini"], whole["gini"].iloc[0], rtol=1e-9)
    assert errors(table) == [""] * 4
    assert len(set(table["test_loss"])) == 4
    assert ("cosine" in table) == (name == "alignment")
    assert ("gini" in table) == (name == "inequality")


@given(
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 5),
    st.integers(1, 6),
    st.sets(st.integers(0, 30)),
)
def test_groups_are_stable_when_some_are_done(rates, policies, seeds, max_group_size, done):
    grid = {
        "policy": ["attention", "greedy", "contrarian"][:policies],
        "learning_rate": [n / 10 for n in range(1, rates + 1)],
        "activation": ["relu", "tanh"],
    }
    cells = make_plan(parse_design({**SMALL, "seeds": seeds, "grid": grid})).cells
    found = make_groups(cells, max_group_size, lambda config: True)
    assert sorted(cell.number for group in found for cell in group) == [cell.number for cell in cells]
    for group in found:
        assert len(group) <= max_group_size
        assert len({(cell.config.policy, cell.config.activation) for cell in group}) == 1
    assert len(found) == 2 * policies * -(-rates * seeds // max_group_size)
    left = [group for place, group in enumerate(found) if place not in done]
    assert make_groups([cell for group in left for cell in group], max_group_size, lambda config: True) == left
    assert make_groups(cells, max_group_size, lambda config: False) == [(cell,) for cell in cells]


def test_large_layers_and_agents_run_alone():
    cells = make_plan(
        parse_design({"environment": "xor", "grid": {"engine": ["tensors", "agents"], "hidden": [8, [400, 400]]}})
    ).cells
    environment_info = inspect_environment(cells[0].config)
    assert [benefits_from_batching(cell.config, environment_info) for cell in cells] == [True, False, False, False]
    seconds = [estimated_seconds([cell], environment_info) for cell in cells]
    assert all(0 < estimate < 3600 for estimate in seconds)
    assert estimated_seconds(cells[:1] * 4, environment_info) > seconds[0]


def test_estimated_time_follows_the_measured_rounds(monkeypatch):
    monkeypatch.setattr(
        "neuronet.sweep.timing.measure_group", lambda configs, env, curves: 3.0 * len(configs) * configs[0].epochs
    )
    grid = {"epochs": [1, 2, 4], "policy": ["attention", "greedy"]}
    cells = make_plan(parse_design({"environment": "xor", "seeds": 5, "grid": grid})).cells
    infos = inspect_environments(cell.config for cell in cells)
    found = estimate_time(cells, infos, Executor(2), 16)
    assert (found.groups, found.measured, found.processes) == (6, 6, 2)
    np.testing.assert_allclose(found.core_seconds, 3.0 * 5 * (1 + 2 + 4) * 2)
    np.testing.assert_allclose(found.seconds, found.core_seconds / 2)
    monkeypatch.setattr("neuronet.sweep.timing.MAX_MEASURED_GROUPS", 2)
    by_size = estimate_time(cells, infos, Executor(1), 16)
    assert by_size.measured == 2
    np.testing.assert_allclose(by_size.core_seconds, found.core_seconds)  # time is proportional to the rounds here
    assert estimate_time([], infos, Executor(1), 16).seconds == 0


def test_measured_time_is_that_of_the_rounds(monkeypatch):
    cells = make_plan(parse_design({"environment": "xor", "epochs": 3, "seeds": 2})).cells
    configs, environment = [cell.config for cell in cells], neuronet.environments.Xor()
    assert 0 < measure_group(configs, environment) < 60
    failing = make_plan(parse_design({**SMALL, "policy": FAILING, "learning_rate": 0.09})).cells[0].config
    assert measure_group([failing], environment) is None


def test_both_engines_give_the_same_results():
    table = sweep({**SMALL, "seeds": 2, "grid": {"engine": ["agents", "tensors"]}}).set_index(["engine", "seed"])
    np.testing.assert_allclose(table["test_loss"]["agents"], table["test_loss"]["tensors"], rtol=1e-11)
    assert table["group_size"].tolist() == [1, 1, 2, 2]


def test_sequential_schedules_use_the_agent_engine():
    table = sweep({**SMALL, "grid": {"update_schedule": ["random-sequential", "synchronous"], "learning_rate": [0.1, 0.2]}})
    assert table["group_size"].tolist() == [1, 1, 2, 2]
    for row in table.to_dict("records"):
        engine = "agents" if row["update_schedule"] == "random-sequential" else "tensors"
        run = neuronet.train(**SMALL, update_schedule=row["update_schedule"], learning_rate=row["learning_rate"], engine=engine)
        np.testing.assert_allclose(row["test_loss"], run.loss, rtol=1e-11)


def test_diverged_cell_is_a_row_and_others_are_unaffected():
    grid = {"learning_rate": [0.1, 1e200, 0.2]}
    table = sweep({**SMALL, "optimizer": "sgd", "activation": "identity", "grid": grid})
    assert set(table["group_size"]) == {3}
    assert errors(table) == ["", "the loss is no longer a number in epoch 1: choose a learning_rate below 1e+200", ""]
    diverged = table.iloc[1]
    assert all(math.isnan(diverged[name]) for name in ("test_loss", "test_accuracy", "train_loss", "train_accuracy"))
    for place in (0, 2):
        one = sweep({**SMALL, "optimizer": "sgd", "activation": "identity", "learning_rate": grid["learning_rate"][place]})
        np.testing.assert_allclose(table["test_loss"][place], one["test_loss"][0], rtol=1e-11)


def test_failing_policy_is_a_row_and_others_are_unaffected():
    said = []
    design = {**SMALL, "grid": {"policy": [FAILING, "attention"], "learning_rate": [0.01, 0.03, 0.09]}}
    table = sweep(design, log=said.append)
    reason = "policy FailsAtHighRates failed in feedback_weights, failing_policies.py line 21: RuntimeError: it fainted"
    assert errors(table) == ["", "", f"{reason} at this learning rate", "", "", ""]
    assert table["group_size"].tolist() == [1, 1, 1, 3, 3, 3]
    assert said == [f"cell 3 (policy={FAILING}, learning_rate=0.09, seed=0) failed: {reason} at this learning rate"]
    np.testing.assert_allclose(table["test_loss"][:2], table["test_loss"][3:5], rtol=1e-11)
    misfit = sweep({**SMALL, "grid": {"policy": [["greedy"] * 3, "greedy"]}})
    assert "one for each of 2 listening layers" in misfit["error"][0]
    assert errors(misfit)[1] == ""
    assert misfit["policy"].tolist() == ["greedy | greedy | greedy", "greedy"]


def test_strict_sweep_stops_at_the_first_failure():
    design = {**SMALL, "policy": FAILING, "grid": {"learning_rate": [0.01, 0.09, 0.03]}}
    with pytest.raises(WorkerError, match=r"cell 2 \(learning_rate=0.09, seed=0\) failed: policy .*: RuntimeError: it fainted"):
        sweep(design, strict=True)


def test_regression_targets(lines):
    table = sweep({**SMALL, "environment": lines, "target": "a", "seeds": 2})
    assert table["test_accuracy"].isna().all()
    assert table["test_loss"].notna().all()
    assert table["error"].isna().all()


def test_missing_environment_is_refused_at_the_start(tmp_path):
    told = []
    grid = {"environment": ["xor", f"idx:{tmp_path / 'missing'}"]}
    with pytest.raises(ConfigurationError, match=r"cell 2 \(environment=idx:.*missing, seed=0\): .*missing"):
        sweep({"epochs": 1, "grid": grid}, on_progress=told.append)
    assert told == []
    with pytest.raises(ConfigurationError, match="max_group_size must be an integer of 1 or more, got 0"):
        sweep(SMALL, max_group_size=0)
