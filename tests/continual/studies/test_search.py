"""Search of configurations: ranges are extended where the best is at the edge, with equal trials for all methods."""

import numpy as np
import pytest

from neuronet.continual.evaluation.metrics import final_accuracy, learning_accuracy
from neuronet.continual.methods.registry import parse_method
from neuronet.continual.studies import search as search_module
from neuronet.continual.studies.api import continual_study
from neuronet.continual.studies.search import RANGE_FACTOR, HaltonSearch, edges
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import SGD
from tests.continual.fixtures import SEEDS, configurations, make_experiment
from tests.continual.fixtures_environments import Glyphs

SMALL = {"seeds": 1, "iterations": 5, "batch_size": 8, "hidden": (8,), "tune": True, "tuning_seeds": 1}


def search_after(text, count=8):
    search = HaltonSearch(parse_method(text), SGD())
    search.ask(count)
    return search


def extreme(search, name, which):
    return which(search.trials, key=lambda trial: trial.values[name])


def values(trials):
    return [trial.values for trial in trials]


def test_later_calls_continue_the_sequence():
    search = search_after("ewc", 3)
    search.ask(5)
    assert values(search.trials) == values(configurations(parse_method("ewc"), "sgd", 8))


@pytest.mark.parametrize("name", ["learning_rate", "strength"])
@pytest.mark.parametrize(("which", "factor"), [(max, RANGE_FACTOR), (min, 1 / RANGE_FACTOR)])
def test_range_is_extended_where_the_best_is_at_its_edge(name, which, factor):
    search = search_after("ewc")
    best, before = extreme(search, name, which), dict(search.ranges)
    at_edge = edges(best, search.trials)
    new = search.ask(4, best)
    end = before[name][which is max] * factor
    assert search.ranges[name][which is max] == pytest.approx(end)
    assert search.ranges[name][which is min] == before[name][which is min]
    low, high = sorted((best.values[name], end))
    assert len(new) == 4
    assert all(low * 0.95 <= trial.values[name] <= high * 1.05 for trial in new)
    assert len({trial.values[name] for trial in new}) == 4
    for other in before.keys() - at_edge.keys():
        assert search.ranges[other] == before[other]


def test_ranges_stay_where_the_best_is_not_at_an_edge():
    search = search_after("ewc", 9)
    best = next(trial for trial in search.trials if not edges(trial, search.trials))
    before = dict(search.ranges)
    new = search.ask(4, best)
    assert search.ranges == before
    assert values(new) == values(configurations(parse_method("ewc"), "sgd", 13)[9:])


def test_extended_range_ends_where_the_method_refuses_values():
    search = search_after("k-winners")
    new = search.ask(4, extreme(search, "share", max))
    assert search.ranges["share"][1] <= 1.0
    assert all(trial.values["share"] <= 1.0 for trial in new)


def test_single_trial_is_at_both_edges():
    search = search_after("backprop", 1)
    assert edges(search.trials[0], search.trials) == {"learning_rate": (True, True)}
    search.ask(2, search.trials[0])
    assert search.ranges["learning_rate"] == pytest.approx((1e-4, 10.0))


def study(**options):
    return continual_study("split-class(tasks=3)", Glyphs(), ["ewc"], **{**SMALL, **options})


@pytest.mark.parametrize("max_range_extensions", [0, 1, 2])
def test_every_method_has_equally_many_trials(max_range_extensions):
    lines = []
    tuning = study(trials=2, max_range_extensions=max_range_extensions, log=lines.append).tuning  # one of two is at an edge
    counts = tuning.groupby(["policy", "wave"]).size()
    waves = tuning["wave"].max()
    assert counts.to_dict() == {
        (name, wave): 2 if wave == 1 else 1 for name in ("backprop", "ewc") for wave in range(1, waves + 1)
    }
    assert waves == max_range_extensions + 1 if max_range_extensions < 2 else waves >= 2
    assert sum("edge" in line for line in lines) == waves - 1


def test_best_configuration_of_all_waves_is_chosen_and_marked_at_the_edge():
    result = study(trials=3, max_range_extensions=1)
    for row in result.table.to_dict("records"):
        trials = result.tuning[result.tuning["policy"] == row["policy"]]
        scores = trials.groupby(["learning_rate", "settings"])["final"].mean()
        assert scores[(row["learning_rate"], row["settings"])] == scores.max()
        if row["policy"] == "backprop":
            assert row["at_edge"] == (row["learning_rate"] in (trials["learning_rate"].min(), trials["learning_rate"].max()))


def test_no_wave_is_added_where_no_method_is_at_an_edge(monkeypatch):
    monkeypatch.setattr(search_module, "edges", lambda best, trials: {})
    result = study(trials=2, max_range_extensions=3)
    assert set(result.tuning["wave"]) == {1}
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
