"""Search of configurations: brackets go on until the best is inside, with equal trials for all methods."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronet.continual.evaluation.metrics import final_accuracy, learning_accuracy
from neuronet.continual.methods.registry import parse_method
from neuronet.continual.studies import search as search_module
from neuronet.continual.studies.api import continual_study
from neuronet.continual.studies.search import BracketSearch
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import SGD, Adam, Momentum
from neuronet.registry import parse_optimizer
from tests.continual.fixtures import SEEDS, configurations, make_experiment
from tests.continual.fixtures_environments import Glyphs

SMALL = {"seeds": 1, "iterations": 5, "batch_size": 8, "hidden": (8,), "tune": True, "tuning_seeds": 1}


def values(trials):
    return [trial.values for trial in trials]


def optimum_found(search, score, trials, limit=0):
    """Return the best trial, and all scores, of a search of a function of the values; up to a limit while it is at an edge."""
    scores, best = [], None
    while len(search.trials) < trials or (best.at_edge and len(search.trials) < limit):
        count = (trials + 1) // 2 if best is None else 4
        scores += [score(trial) for trial in search.ask(count, best)]
        best = search.mark_edge(search.trials[int(np.argmax(scores))])
    return best, scores


def test_later_calls_continue_the_sequence():
    search = BracketSearch(parse_method("ewc"), (SGD(),))
    search.ask(3)
    search.ask(5)
    assert values(search.trials) == values(configurations(parse_method("ewc"), "sgd", 8))


@given(st.floats(-8, 4), st.floats(-4, 12), st.floats(0.2, 5))
@settings(max_examples=30, deadline=None)
def test_search_goes_on_until_the_best_is_inside(rate, strength, steepness):
    """A peak on logarithmic scales, wherever it is: with enough trials it is bracketed, and as near as a bracket is wide."""

    def score(trial):
        distance = [math.log10(trial.values["learning_rate"]) - rate, math.log10(trial.values["strength"]) - strength]
        return -((distance[0]) ** 2 + steepness * distance[1] ** 2)

    best, scores = optimum_found(BracketSearch(parse_method("ewc"), (SGD(),)), score, 40, 200)
    assert not best.at_edge
    assert abs(math.log10(best.values["learning_rate"]) - rate) < 0.5
    assert abs(math.log10(best.values["strength"]) - strength) < 0.5
    assert score(best) == max(scores)


def test_best_has_neighbours_on_both_sides_of_each_value():
    def score(trial):
        return -(math.log10(trial.values["learning_rate"]) ** 2) - (math.log10(trial.values["strength"]) - 2) ** 2

    search = BracketSearch(parse_method("ewc"), (SGD(),))
    best, _ = optimum_found(search, score, 30)
    for name in best.values:
        (other,) = best.values.keys() - {name}
        near = [t.values[name] for t in search.trials if 0.28 < t.values[other] / best.values[other] < 3.6]
        assert min(near) < best.values[name] < max(near)
    assert len({trial.point for trial in search.trials}) == len(search.trials) >= 30


def test_monotone_score_is_at_an_edge():
    best, _ = optimum_found(BracketSearch(parse_method("ewc"), (SGD(),)), lambda trial: trial.values["strength"], 20)
    assert best.at_edge


def test_end_of_what_a_method_takes_is_no_edge():
    search = BracketSearch(parse_method("k-winners"), (SGD(),))
    best, _ = optimum_found(search, lambda trial: trial.values["share"] - math.log10(trial.values["learning_rate"]) ** 2, 30)
    assert best.values["share"] == 1.0
    assert not best.at_edge


def test_optimizers_are_tried_in_turn_and_the_best_is_bracketed():
    search = BracketSearch(parse_method("ewc"), (SGD(), Momentum(), Adam()))
    best, _ = optimum_found(
        search, lambda trial: isinstance(trial.optimizer, Adam) - math.log10(trial.values["learning_rate"] / 0.003) ** 2, 24
    )
    assert [type(trial.optimizer) for trial in search.trials[:6]] == [SGD, Momentum, Adam] * 2
    assert all(trial.values["learning_rate"] <= 0.01 for trial in search.trials[:12] if isinstance(trial.optimizer, Adam))
    assert all(isinstance(trial.optimizer, Adam) for trial in search.trials[12:16])
    assert isinstance(best.optimizer, Adam)
    assert best.settings["optimizer"] == "adam"


def test_method_with_its_own_optimizer_keeps_it():
    search = BracketSearch(parse_method("ewc(optimizer=adam)"), (SGD(), Momentum()))
    assert {trial.optimizer for trial in search.ask(4)} == {None}
    assert max(trial.learning_rate for trial in search.trials) <= 0.01


def test_method_without_learning_rate_tries_its_parameter_alone():
    search = BracketSearch(parse_method("ridge"), (SGD(), Adam()))
    best, _ = optimum_found(search, lambda trial: -abs(math.log10(trial.values["penalty"] / 30)), 12)
    assert all(math.isnan(trial.learning_rate) and trial.values.keys() == {"penalty"} for trial in search.trials)
    assert 20 < best.values["penalty"] < 45
    assert not best.at_edge
    assert len(BracketSearch(parse_method("ridge(penalty=5)"), (SGD(),)).ask(8)) == 1


def study(**options):
    return continual_study("split-class(tasks=3)", Glyphs(), ["ewc"], **{**SMALL, **options})


@pytest.mark.parametrize("max_range_extensions", [0, 1, 2])
def test_every_method_has_equally_many_trials(max_range_extensions):
    lines = []
    tuning = study(trials=2, max_range_extensions=max_range_extensions, log=lines.append).tuning  # one of two is at an edge
    counts = tuning.groupby(["policy", "wave"]).size()
    assert counts["backprop"].to_dict() == counts["ewc"].to_dict()
    extensions = sum("edge" in line for line in lines)
    assert len(tuning) == 2 * (2 + extensions)
    assert extensions == max_range_extensions  # two trials never bracket


def test_best_configuration_of_all_waves_is_chosen_and_marked_at_the_edge():
    result = study(trials=3, max_range_extensions=1)
    for row in result.table.to_dict("records"):
        trials = result.tuning[result.tuning["policy"] == row["policy"]]
        scores = trials.groupby(["learning_rate", "settings"])["final"].mean()
        assert scores[(row["learning_rate"], row["settings"])] == scores.max()
        if row["policy"] == "backprop":
            assert row["at_edge"] == (row["learning_rate"] in (trials["learning_rate"].min(), trials["learning_rate"].max()))
        curve = result.search[result.search["policy"] == row["policy"]]
        assert curve["games"].tolist() == list(range(1, len(trials) + 1))
        np.testing.assert_array_equal(curve["best"], np.maximum.accumulate(trials["final"]))


def test_finalists_are_chosen_by_all_their_seeds():
    options = {"trials": 4, "max_range_extensions": 0, "tuning_seeds": 2}
    searched, result = study(**options), study(**options, finalists=3, finalist_seeds=5)
    last = result.tuning["wave"].max()
    assert last == searched.tuning["wave"].max() + 1
    assert result.search.equals(searched.search)
    for row in result.table.to_dict("records"):
        tuning = result.tuning[result.tuning["policy"] == row["policy"]]
        further = tuning[tuning["wave"] == last]
        assert sorted(further["seed"].unique()) == [1_000_002 + k for k in range(5)]
        keys = ["learning_rate", "settings"]
        means = tuning.groupby(keys)["final"].agg(["mean", "count"])
        finalists = means[means["count"] == 7]
        assert len(finalists) <= 3
        assert means.drop(finalists.index)["count"].eq(2).all()
        assert finalists["mean"].idxmax() == (row["learning_rate"], row["settings"])
        best = searched.tuning[searched.tuning["policy"] == row["policy"]].groupby(keys)["final"].mean().idxmax()
        assert best in finalists.index


def test_negative_number_of_finalists_is_refused():
    with pytest.raises(NeuroNetError, match="finalists"):
        study(trials=2, finalists=-1)


def test_no_wave_is_added_where_no_method_is_at_an_edge(monkeypatch):
    monkeypatch.setattr(search_module.BracketSearch, "mark_edge", lambda search, best: best)
    result = study(trials=2, max_range_extensions=3)
    assert len(result.tuning) == 4
    assert not result.table["at_edge"].any()


def test_negative_max_range_extensions_is_refused():
    with pytest.raises(NeuroNetError, match="max_range_extensions"):
        study(trials=2, max_range_extensions=-1)


@pytest.mark.parametrize("name", ["ewc", "income-protecting"])
def test_sparse_evaluation_has_the_values_that_tuning_reads(name):
    whole, sparse = (
        make_experiment(sparse_evaluation=sparse_evaluation).accuracy_matrices(parse_method(name), 0.1, SEEDS)
        for sparse_evaluation in (False, True)
    )
    read = np.zeros((4, 3), dtype=np.bool_)
    read[[1, 2], [0, 1]] = read[-1] = True
    np.testing.assert_array_equal(np.isfinite(sparse), np.broadcast_to(read, sparse.shape))
    np.testing.assert_array_equal(sparse[:, read], whole[:, read])
    for metric in (final_accuracy, learning_accuracy):
        np.testing.assert_array_equal(metric(sparse), metric(whole))


def test_study_chooses_optimizers_and_methods_without_a_learning_rate(tmp_path):
    """The final runs have the chosen optimizer, and a study that is read again from its folder is the same."""
    options = {**SMALL, "trials": 6, "max_range_extensions": 0, "optimizers": ("sgd", "adam")}
    first, again = (
        continual_study("split-class(tasks=3)", Glyphs(), ["ewc", "ridge(features=9)", "layered"], out=tmp_path, **options)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.matrix("ewc"), again.matrix("ewc"))
    by_policy = first.table.set_index("policy")
    tried = [json.loads(text).get("optimizer") for text in first.tuning.query("policy == 'ewc' and wave == 1")["settings"]]
    assert tried == ["sgd", "adam", "sgd"]
    chosen = json.loads(by_policy.loc["ewc", "settings"])
    experiment = replace(first.experiment, optimizer=parse_optimizer(chosen["optimizer"]))
    method = parse_method(f"ewc(strength={chosen['strength']})")
    expected = experiment.accuracy_matrices(method, by_policy.loc["ewc", "learning_rate"], [0])
    np.testing.assert_array_equal(first.matrix("ewc"), expected)
    for name in ("ridge(features=9)", "layered"):
        assert math.isnan(by_policy.loc[name, "learning_rate"])
        assert "optimizer" not in by_policy.loc[name, "settings"]
    assert len(first.search) == len(first.tuning) == 4 * 6
    assert first.summary()["policies"][1]["learning_rate"] is None or first.table["learning_rate"].notna().iloc[1]


@pytest.mark.parametrize(
    "options",
    [{"tune": False, "optimizers": ("adam",)}, {"optimizers": ("adam",), "optimizer": "sgd"}, {"optimizers": ("fast",)}],
)
def test_optimizers_that_tuning_cannot_choose_are_refused(options):
    with pytest.raises(NeuroNetError, match="optimizer"):
        study(trials=1, **options)
