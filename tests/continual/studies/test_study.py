"""Studies: repeatable tables, stored results, and tuning on validation samples."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from neuronet.continual.evaluation.metrics import final_accuracy
from neuronet.continual.evaluation.runner import Experiment
from neuronet.continual.methods.penalties.ewc import EWC
from neuronet.continual.studies.api import continual_study
from neuronet.continual.studies.config import TUNING_SEED_OFFSET
from neuronet.core.errors import DataError, NeuroNetError
from neuronet.environments import Digits
from tests.continual.fixtures_environments import Glyphs

POLICIES = ["attention", "income-protecting", "ewc", "replay"]
SMALL = {"seeds": 3, "iterations": 5, "batch_size": 8, "hidden": (8,)}


def study(policies=("income-protecting", "ewc"), **options):
    return continual_study("split-class(tasks=3)", Glyphs(), policies, **{**SMALL, **options})


def test_same_study_gives_the_same_tables(tmp_path):
    first, second = (study(POLICIES, out=tmp_path / name) for name in "ab")
    pd.testing.assert_frame_equal(first.table, second.table, check_exact=True)
    pd.testing.assert_frame_equal(first.accuracy, second.accuracy, check_exact=True)
    for name in ("table.csv", "accuracy.csv", "study.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_table_is_computed_from_the_accuracies():
    result = study(POLICIES)
    assert result.table["policy"].iloc[0] == "backprop"
    baseline = final_accuracy(result.matrix("backprop"))
    for row in result.table.to_dict("records"):
        final = final_accuracy(result.matrix(row["policy"]))
        assert row["final"] == pytest.approx(final.mean())
        assert row["seeds"] == 3
        if row["policy"] != "backprop":
            assert row["difference"] == pytest.approx((final - baseline).mean())
        if row["policy"] in ("ewc", "replay"):
            assert row["p_t"] == pytest.approx(stats.ttest_rel(final, baseline).pvalue)
            assert row["p_t"] <= row["p_t_holm"] <= 1
    others = result.table["final"][1:]
    assert others.is_monotonic_decreasing


def test_attention_equals_backprop():
    result = study(["attention"], dtype="float64")
    np.testing.assert_array_equal(result.matrix("attention"), result.matrix("backprop"))
    row = result.table.iloc[1]
    assert (row["difference"], row["p_t"], row["p_wilcoxon"]) == (0.0, 1.0, 1.0)


def test_matrix_equals_that_of_the_experiment():
    result = study(["ewc"], seed=4)
    np.testing.assert_array_equal(result.matrix("ewc"), result.experiment.accuracy_matrices(EWC(), 0.1, [4, 5, 6]))
    assert result.matrix("ewc").shape == (3, 4, 3)


class Stopped(Exception):
    pass


@pytest.mark.parametrize("tune", [False, True])
def test_interrupted_study_resumes(tmp_path, monkeypatch, tune):
    options = {"tune": tune, "trials": 2, "tuning_seeds": 1}
    whole = study(out=tmp_path / "whole", **options)
    run, runs = Experiment.run, []

    def stop_after_two(experiment, *arguments):
        if len(runs) == 2:
            raise Stopped
        runs.append(arguments)
        return run(experiment, *arguments)

    monkeypatch.setattr(Experiment, "run", stop_after_two)
    with pytest.raises(Stopped):
        study(out=tmp_path / "parts", **options)
    assert any((tmp_path / "parts" / "games").iterdir())
    monkeypatch.setattr(Experiment, "run", lambda *arguments: (runs.append(arguments[1:]), run(*arguments))[1])
    again = study(out=tmp_path / "parts", **options)
    pd.testing.assert_frame_equal(whole.table, again.table, check_exact=True)
    assert len(set(map(repr, runs))) == len(runs)  # no run is repeated
    monkeypatch.setattr(Experiment, "run", stop_after_two)  # no run is left
    pd.testing.assert_frame_equal(whole.table, study(out=tmp_path / "parts", **options).table, check_exact=True)


def test_seeds_and_policies_can_be_added_to_a_finished_study(tmp_path, monkeypatch):
    study(["ewc"], seeds=2, out=tmp_path)
    run, runs = Experiment.run, []
    monkeypatch.setattr(Experiment, "run", lambda *arguments: (runs.append(arguments[1:]), run(*arguments))[1])
    more = study(["ewc", "si"], seeds=3, out=tmp_path)
    assert [list(seeds) for _, _, seeds in runs] == [[2], [2], [0, 1, 2]]
    np.testing.assert_allclose(more.matrix("ewc"), study(["ewc"], seeds=3).matrix("ewc"))


def test_folder_of_another_study_is_refused(tmp_path):
    study(["ewc"], out=tmp_path)
    with pytest.raises(NeuroNetError, match="schedule"):
        study(["ewc"], out=tmp_path, iterations=6)
    with pytest.raises(NeuroNetError, match="protocol"):
        continual_study("split-task(tasks=3)", Glyphs(), ["ewc"], out=tmp_path, **SMALL)
    with pytest.raises(NeuroNetError, match="samples"):
        continual_study("split-class(tasks=3)", Glyphs(train=21), ["ewc"], out=tmp_path, **SMALL)


def test_broken_result_file_is_refused(tmp_path):
    study(["ewc"], out=tmp_path)
    part = next((tmp_path / "games").glob("final-ewc-*-1.json"))
    for text in ("[[1.0", "[[1.0, 2.0]]"):
        part.write_text(text)
        with pytest.raises(NeuroNetError, match="final-ewc"):
            study(["ewc"], out=tmp_path)


def test_parameters_are_tuned_on_validation_samples_and_other_seeds(monkeypatch):
    runs = []
    run = Experiment.run

    def recorded(experiment, method, rate, seeds):
        runs.append((experiment.environment, method, rate, list(seeds)))
        return run(experiment, method, rate, seeds)

    monkeypatch.setattr(Experiment, "run", recorded)
    environment = Glyphs()
    result = continual_study(
        "permuted(tasks=2)",
        environment,
        ["ewc", "income-protecting"],
        tune=True,
        trials=3,
        tuning_seeds=2,
        max_range_extensions=0,
        **SMALL,
    )
    tuning = [arguments for arguments in runs if arguments[0] is not environment]
    assert {seed for *_, seeds in tuning for seed in seeds} == {TUNING_SEED_OFFSET, TUNING_SEED_OFFSET + 1}
    assert all(len(split.test) + len(split.train) == len(environment.train) for split, *_ in tuning)
    finals = [arguments for arguments in runs if arguments[0] is environment]
    assert [seeds for *_, seeds in finals] == [[0, 1, 2]] * 3
    tried = result.tuning.groupby(["policy", "learning_rate", "settings"]).size()
    assert tried.groupby("policy").size().to_dict() == {"backprop": 3, "ewc": 3, "income-protecting": 3}
    for row in result.table.to_dict("records"):
        lines = result.tuning[result.tuning["policy"] == row["policy"]]
        best = lines.groupby(["learning_rate", "settings"])["final"].mean()
        assert best[(row["learning_rate"], row["settings"])] == best.max()
    assert json.loads(result.table.set_index("policy").loc["ewc", "settings"]).keys() == {"strength"}
    assert json.loads(result.table.set_index("policy").loc["income-protecting", "settings"]).keys() == {"kappa"}


def test_seeds_may_differ_in_their_rounds_of_one_epoch():
    result = study(["income-protecting"], preset="online", iterations=None, batch_size=3)
    assert len({tuple(len(task.train) // 3 for task in result.experiment.sequence(seed)) for seed in range(3)}) > 1
    assert result.matrix("income-protecting").shape == (3, 4, 3)


def test_backprop_forgets_earlier_classes_and_replay_keeps_them():
    result = continual_study("split-class", Digits(), ["replay"], seeds=1, iterations=60, batch_size=32, hidden=(32,))
    row = result.table.set_index("policy")
    assert row.loc["backprop", "learning"] > 0.9
    assert row.loc["backprop", "final"] < 0.5
    assert row.loc["replay", "final"] > 0.8
    assert result.matrix("backprop")[0, -1, -1] > 0.9


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"seeds": 0}, "seeds"),
        ({"preset": "quick"}, "quick"),
        ({"tune": True, "learning_rate": 0.1}, "learning_rate"),
        ({"iterations": -1}, "iterations"),
        ({"batch_size": 0}, "batch_size"),
        ({"optimizer": "newton"}, "newton"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"hidden": (0,)}, "hidden"),
        ({"speed": 1}, "speed"),
    ],
)
def test_invalid_option_is_refused(options, match):
    with pytest.raises(NeuroNetError, match=match):
        study(["income-protecting"], **options)


def test_frontier_needs_a_tuned_study(tmp_path):
    with pytest.raises(DataError, match="tune"):
        study(["ewc"]).plot_frontier(tmp_path / "frontier.png")


def test_summary_is_plain_data_and_figures_are_drawn(tmp_path):
    result = study(["ewc"], out=tmp_path)
    summary = json.loads(json.dumps(result.summary(), allow_nan=False))
    assert [row["policy"] for row in summary["policies"]] == list(result.table["policy"])
    assert summary["policies"][0]["difference"] is None
    assert summary["policies"][1]["final"] == pytest.approx(final_accuracy(result.matrix("ewc")).mean())
    for draw, name in ((result.plot, "accuracy.png"), (result.plot_matrix, "matrices.svg")):
        assert draw(tmp_path / name).stat().st_size > 1000
