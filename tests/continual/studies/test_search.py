"""What methods try: further configurations where the best is at the edge, as many for everyone."""

import numpy as np
import pytest

from neuronet.continual.evaluation.metrics import final_accuracy, learning_accuracy
from neuronet.continual.methods.registry import parse_method
from neuronet.continual.studies import study_runner
from neuronet.continual.studies.api import continual_study
from neuronet.continual.studies.search import RANGE_FACTOR, HaltonSearch, configurations, edges
from neuronet.core.errors import NeuroNetError
from tests.continual.fixtures import SEEDS, make_experiment
from tests.continual.fixtures_environments import Glyphs

SMALL = {"seeds": 1, "iterations": 5, "batch_size": 8, "hidden": (8,), "tune": True, "tuning_seeds": 1}


def search_after(text, count=8):
    search = HaltonSearch(parse_method(text), "sgd")
    search.ask(count)
    return search


def extreme(search, name, which):
    return which(search.trials, key=lambda each: each.values[name])


def test_one_search_goes_on_where_it_was():
    search = search_after("ewc", 3)
    search.ask(5)
    assert [each.values for each in search.trials] == [each.values for each in configurations(parse_method("ewc"), "sgd", 8)]


@pytest.mark.parametrize("name", ["learning_rate", "strength"])
@pytest.mark.parametrize(("which", "factor"), [(max, RANGE_FACTOR), (min, 1 / RANGE_FACTOR)])
def test_a_range_is_widened_where_the_best_is_at_its_edge(name, which, factor):
    search = search_after("ewc")
    best, before = extreme(search, name, which), dict(search.ranges)
    known = edges(best, search.trials)
    more = search.ask(4, best)
    end = before[name][which is max] * factor
    assert search.ranges[name][which is max] == pytest.approx(end)
    assert search.ranges[name][which is min] == (before[name][which is min])
    low, high = sorted((best.values[name], end))
    assert len(more) == 4
    assert all(low * 0.95 <= each.values[name] <= high * 1.05 for each in more)
    assert len({each.values[name] for each in more}) == 4
    for other in before.keys() - known.keys():
        assert search.ranges[other] == before[other]


def test_who_is_not_at_the_edge_goes_on_as_before():
    search = search_after("ewc", 9)
    best = next(each for each in search.trials if not edges(each, search.trials))
    before = dict(search.ranges)
    found = search.ask(4, best)
    assert search.ranges == before
    assert [each.values for each in found] == [each.values for each in configurations(parse_method("ewc"), "sgd", 13)[9:]]


def test_no_range_is_widened_beyond_what_a_method_takes():
    search = search_after("k-winners")
    more = search.ask(4, extreme(search, "share", max))
    assert search.ranges["share"][1] <= 1.0
    assert all(each.values["share"] <= 1.0 for each in more)


def test_a_single_one_is_at_both_edges():
    search = search_after("backprop", 1)
    assert edges(search.trials[0], search.trials) == {"learning_rate": (True, True)}
    search.ask(2, search.trials[0])
    assert search.ranges["learning_rate"] == pytest.approx((1e-4, 10.0))


def study(**options):
    return continual_study("split-class(tasks=3)", Glyphs(), ["ewc"], **{**SMALL, **options})


@pytest.mark.parametrize("max_range_extensions", [0, 1, 2])
def test_every_method_tries_as_many_more(max_range_extensions):
    lines = []
    tuning = study(
        trials=2, max_range_extensions=max_range_extensions, log=lines.append
    ).tuning  # of two each is the lowest or the highest
    counts = tuning.groupby(["policy", "wave"]).size()
    assert counts.to_dict() == {
        (name, wave): 2 if wave == 1 else 1 for name in ("backprop", "ewc") for wave in range(1, counts.index[-1][1] + 1)
    }
    waves = tuning["wave"].max()
    assert waves == max_range_extensions + 1 if max_range_extensions < 2 else waves >= 2
    assert sum("edge" in line for line in lines) == waves - 1


def test_the_best_of_all_waves_is_chosen_and_marked_if_it_is_still_at_the_edge():
    result = study(trials=3, max_range_extensions=1)
    for row in result.table.to_dict("records"):
        lines = result.tuning[result.tuning["policy"] == row["policy"]]
        scores = lines.groupby(["learning_rate", "settings"])["final"].mean()
        assert scores[(row["learning_rate"], row["settings"])] == scores.max()
        if row["policy"] == "backprop":
            assert row["at_edge"] == (row["learning_rate"] in (lines["learning_rate"].min(), lines["learning_rate"].max()))


def test_nothing_is_widened_where_nobody_is_at_an_edge(monkeypatch):
    monkeypatch.setattr(study_runner, "edges", lambda best, tried: {})
    result = study(trials=2, max_range_extensions=3)
    assert set(result.tuning["wave"]) == {1}
    assert not result.table["at_edge"].any()


def test_widen_must_be_a_number():
    with pytest.raises(NeuroNetError, match="max_range_extensions"):
        study(trials=2, max_range_extensions=-1)


@pytest.mark.parametrize("name", ["ewc", "income-protecting"])
def test_choosing_judges_what_it_reads_alone(name):
    whole, sparse_evaluation = (
        make_experiment(sparse_evaluation=sparse_evaluation).accuracy_matrices(parse_method(name), 0.1, SEEDS)
        for sparse_evaluation in (False, True)
    )
    read = np.zeros((4, 3), dtype=np.bool_)
    read[[1, 2], [0, 1]] = read[-1] = True
    np.testing.assert_array_equal(np.isfinite(sparse_evaluation), np.broadcast_to(read, sparse_evaluation.shape))
    np.testing.assert_array_equal(sparse_evaluation[:, read], whole[:, read])
    for metric in (final_accuracy, learning_accuracy):
        np.testing.assert_array_equal(metric(sparse_evaluation), metric(whole))
