"""Comparisons of policies with torch's backpropagation."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import neuronet as package
from neuronet import NeuroNetError
from neuronet.comparison.contestant import CURVE_COLUMNS, ComparisonSetup
from neuronet.comparison.parts import GRID, MAX_GRID_EXTENSIONS, best_rate
from neuronet.comparison.result import build_table
from neuronet.comparison.study import compare, parse_candidates
from neuronet.continual import continual_study
from neuronet.core.errors import ConfigurationError, SpecError, StudyMismatchError
from neuronet.core.learning.optimizers import learning_rate_scale
from neuronet.core.structure.population import Population
from neuronet.environments import Table, Xor
from neuronet.policies import POLICIES, AttentionSeeking, Contrarian
from neuronet.registry import parse_optimizer

OPTIONS = {"hidden": [8], "epochs": 2, "seeds": 3}


@pytest.fixture
def training_calls(monkeypatch):
    """Calls of train_candidate: name, learning rates, seeds, and number of evaluation samples."""
    calls = []
    play = ComparisonSetup.train_candidate

    def record(self, candidate, rates, seeds):
        calls.append((candidate.name, tuple(rates), tuple(seeds), len(self.environment.test)))
        return play(self, candidate, rates, seeds)

    monkeypatch.setattr(ComparisonSetup, "train_candidate", record)
    return calls


def test_curves_equal_those_of_train():
    mixed = "attention:0.5,free-rider:0.5"
    result = compare("xor", ["contrarian", mixed], **OPTIONS, seed=4)
    for policy in ("contrarian", mixed):
        runs = package.train("xor", policy=policy, hidden=[8], epochs=2, replicas=3, seed=4)
        ours = result.curves[result.curves["policy"] == policy].sort_values(["epoch", "seed"])
        for column in ("train_loss", "test_loss", "test_accuracy"):
            np.testing.assert_allclose(ours[column], runs.metrics.sort_values(["epoch", "replica"])[column], rtol=1e-12)
    assert set(result.curves["seed"]) == {4, 5, 6}
    assert result.tuning.empty


def test_baseline_equals_attention_seeking():
    result = compare("digits", [AttentionSeeking()], hidden=[16], epochs=2, seeds=2)
    baseline, attention = (result.curves[result.curves["policy"] == name] for name in ("backprop", "attention"))
    if attention.empty:
        attention = result.curves[result.curves["policy"] != "backprop"]
    np.testing.assert_allclose(baseline["test_loss"], attention["test_loss"], rtol=1e-9)
    assert result.table["difference"].tolist()[1] == 0
    assert result.table["policy"][0] == "backprop"


def test_table_equals_scipys_intervals():
    rng = np.random.default_rng(1)
    values = {"backprop": rng.random(5), "better": rng.random(5) + 1, "worse": rng.random(5) - 1}
    rows = [(name, 0.1, seed, 1, 0.0, 0.0, v) for name, results in values.items() for seed, v in enumerate(results)]
    curves = pd.DataFrame(rows, columns=["policy", *CURVE_COLUMNS])
    table = build_table(curves.sample(frac=1, random_state=1), "accuracy", {"worse": True}).set_index("policy")
    assert table.index.tolist() == ["backprop", "better", "worse"]
    for name in ("better", "worse"):
        gaps = values[name] - values["backprop"]
        mean, line = stats.ttest_1samp(values[name], 0), table.loc[name]
        np.testing.assert_allclose([line["low"], line["high"]], mean.confidence_interval(0.95))
        paired = stats.ttest_rel(values[name], values["backprop"]).confidence_interval(0.95)
        np.testing.assert_allclose([line["difference_low"], line["difference_high"]], paired)
        assert line["difference"] == pytest.approx(gaps.mean())
    assert table["at_edge"].tolist() == [False, False, True]
    assert math.isnan(table.loc["backprop", "difference"])


def test_real_targets_are_compared_by_loss():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(80, 3))
    result = compare(Table(inputs, inputs @ [[1.0], [-1.0], [0.5]]), ["attention", "contrarian"], **OPTIONS)
    assert result.measure == "loss"
    assert result.table["policy"].tolist() == ["backprop", "attention", "contrarian"]
    assert result.table["difference"][2] > 0


def test_tuning_tries_the_same_rates_on_validation_samples_and_other_seeds(training_calls):
    env = Xor()
    result = compare(env, ["attention", "contrarian"], tune=True, **OPTIONS)
    tried = {name: [] for name in ("backprop", "attention", "contrarian")}
    for name, rates, seeds, samples in training_calls[:-3]:
        assert seeds == (3, 4, 5)
        assert samples == len(env.validation_split().test) != len(env.test)
        tried[name] += rates
    assert len({tuple(sorted(rates)) for rates in tried.values()}) == 1
    for (name, rates, seeds, samples), line in zip(
        training_calls[-3:], result.table.sort_values("policy").itertuples(), strict=False
    ):
        assert (len(rates), seeds, samples) == (1, (0, 1, 2), len(env.test))
        assert name in tried
        assert line.learning_rate in tried[name]
    for name in tried:
        mine = result.tuning[result.tuning["policy"] == name]
        chosen = result.table.set_index("policy").loc[name]
        assert chosen["learning_rate"] == best_rate(mine)
        assert chosen["at_edge"] == (chosen["learning_rate"] in (mine["learning_rate"].min(), mine["learning_rate"].max()))


def test_best_rate_at_the_edge_extends_the_grid_for_all(monkeypatch, training_calls):
    monkeypatch.setattr("neuronet.comparison.parts.GRID", (1e-7, 1e-6))
    result = compare("xor", ["attention"], tune=True, hidden=[4], epochs=1, seeds=2, optimizer="sgd")
    rates = sorted(result.tuning["learning_rate"].unique())
    assert len(rates) == 2 + MAX_GRID_EXTENSIONS
    assert rates[-1] == pytest.approx(1e-7 * 10 ** ((1 + MAX_GRID_EXTENSIONS) / 2))
    assert result.table["at_edge"].all()
    assert all(result.tuning.groupby("policy")["learning_rate"].nunique() == len(rates))


def test_diverged_runs_rank_last():
    rows = [
        (0.1, 0, 1, 0.0, 0.5, 0.9),
        (0.1, 1, 1, 0.0, 0.5, 0.7),
        (0.2, 0, 1, 0.0, 0.4, 0.8),
        (0.2, 1, 1, 0.0, 0.4, 0.8),
        (0.3, 0, 1, 0.0, math.nan, 1.0),
        (0.3, 1, 1, 0.0, 0.1, 1.0),
        (0.4, 0, 1, 0.0, math.inf, 1.0),
        (0.4, 1, 1, 0.0, 0.1, 1.0),
    ]
    tried = pd.DataFrame(rows, columns=list(CURVE_COLUMNS))
    assert best_rate(tried) == 0.2  # as accurate as 0.1, with less loss
    assert best_rate(tried.assign(test_accuracy=math.nan)) == 0.2
    assert best_rate(tried[tried["learning_rate"] > 0.2]) == 0.3


def test_learning_rate_scales_of_optimizers():
    scales = [learning_rate_scale(parse_optimizer(optimizer)) for optimizer in ("sgd", "momentum(0.9)", "adam")]
    assert scales == pytest.approx([1.0, 0.1, 0.01])
    assert math.log10(GRID[-1] / GRID[0]) == pytest.approx(2.5)


def test_interrupted_comparison_resumes(training_calls, tmp_path):
    whole = compare("xor", ["attention", "contrarian", "greedy"], tune=True, out=tmp_path / "whole", **OPTIONS)
    every = len(training_calls)
    training_calls.clear()
    play = ComparisonSetup.train_candidate

    def interrupt(self, candidate, rates, seeds):
        if candidate.name == "contrarian" and tuple(seeds) == (0, 1, 2):
            raise KeyboardInterrupt
        return play(self, candidate, rates, seeds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ComparisonSetup, "train_candidate", interrupt)
        with pytest.raises(KeyboardInterrupt):
            compare("xor", ["attention", "contrarian", "greedy"], tune=True, out=tmp_path / "parts", **OPTIONS)
    before = len(training_calls)
    again = compare("xor", ["attention", "contrarian", "greedy"], tune=True, out=tmp_path / "parts", **OPTIONS)
    assert [name for name, _, _, _ in training_calls[before:]] == ["contrarian", "greedy"]
    assert before + 2 == every
    pd.testing.assert_frame_equal(again.table, whole.table, check_exact=True)
    pd.testing.assert_frame_equal(again.curves, whole.curves, check_exact=True)
    for name in ("table.csv", "curves.csv"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    compare("xor", ["attention", "noisy"], tune=True, out=tmp_path / "parts", **OPTIONS)  # new candidates may be added
    with pytest.raises(StudyMismatchError, match="another epochs"):
        compare("xor", ["attention"], tune=True, out=tmp_path / "parts", hidden=[8], epochs=3, seeds=3)


def test_mapping_and_set_of_policies_are_refused():
    """Only their keys would be read, and a set has no order."""
    for policies in ({"attention": 0.9, "greedy": 0.1}, {"attention", "greedy"}):
        with pytest.raises(NeuroNetError, match="policies must be a list, whose order counts"):
            compare("xor", policies, epochs=1)
        with pytest.raises(NeuroNetError, match="policies must be a list, whose order counts"):
            continual_study("permuted", "digits", policies, seeds=2)


def test_candidates_from_specs():
    names = [candidate.name for candidate in parse_candidates("all")]
    assert names == ["backprop", *POLICIES]
    names = [
        candidate.name for candidate in parse_candidates(["backprop", "greedy(top=3)", ("attention", "greedy"), Contrarian()])
    ]
    assert names == ["backprop", "greedy(top=3)", "attention | greedy", "contrarian"]
    population = Population.shares([(AttentionSeeking(), 0.5), (Contrarian(), 0.5)])
    assert parse_candidates([population])[1].population == population
    for specs, error, fragment in (
        (["greedy", "greedy"], ConfigurationError, "'greedy'"),
        (["backprop"], ConfigurationError, "backprop"),
        (["gredy"], SpecError, "'greedy'"),
    ):
        with pytest.raises(error, match=fragment):
            parse_candidates(specs)


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        ({"seeds": 0}, "seeds must be .* got 0"),
        ({"engine": "agents"}, "engine is not an option"),
        ({"replicas": 3}, "replicas is not an option"),
        ({"epoch": 3}, "'epoch'"),
    ],
)
def test_invalid_options_are_refused(options, fragment):
    with pytest.raises(package.NeuroNetError, match=fragment):
        compare("xor", ["attention"], **options)


def test_command_line_writes_the_comparison(neuronet, tmp_path):
    words = ("--policies", "attention,greedy(top=2)", "--policies", "attention:0.5,free-rider:0.5", "--hidden", "6")
    answer = neuronet("compare", "xor", *words, "--seeds", "2", "--epochs", "1", "--json", "--out", "here")
    assert answer.status == 0, answer.err
    summary = json.loads(answer.out.splitlines()[-1])
    assert {line["policy"] for line in summary["policies"]} == {
        "backprop",
        "attention",
        "greedy(top=2)",
        "attention:0.5,free-rider:0.5",
    }
    assert summary["policies"][0]["difference"] is None
    assert {"table.csv", "curves.csv", "curves.png", "study.json"} <= {path.name for path in (tmp_path / "here").iterdir()}
    refused = neuronet("compare", "xor", "--tune", "--learning-rate", "0.1")
    assert (refused.status, refused.err) == (2, "Error: --tune chooses the learning rate: leave --learning-rate out, or --tune\n")


def test_default_folder_is_named_after_the_environment(neuronet, tmp_path):
    answer = neuronet("compare", "xor", "--policies", "greedy", "--seeds", "1", "--epochs", "1", "--hidden", "4")
    assert answer.status == 0, answer.err
    assert "greedy" in answer.out
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.startswith("compare-xor-")
