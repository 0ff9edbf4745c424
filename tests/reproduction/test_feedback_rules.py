"""The study of feedback rules: it tunes each rule, and compares with the published table where the images are the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neuronet.reproduction import REPRODUCTIONS, RunOptions
from neuronet.reproduction import feedback_rules as study
from neuronet.reproduction.lenet import lenet_errors
from neuronet.reproduction.lenet_settings import RULES, LeNetSettings
from tests.reproduction.test_lenet import Blobs


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The setting of a tiny study, its folder and its records."""
    rules = {rule: RULES[rule] for rule in ("BP", "uSF")}
    final = LeNetSettings(f"{Blobs.__module__}:Blobs", epochs=2, milestones=(1,), batch_size=20, rules=rules)
    setting = study.FeedbackRulesSetting("blobs", final, replace(final, validation=True, milestones=()), 2)
    folder = tmp_path_factory.mktemp("rules")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "STEPS", (-14, -3))
        patch.setattr(study, "LIMITS", (-14, -3))
        records = setting.play(RunOptions(folder, 1, lambda line: None))
    return setting, folder, records


def test_records_have_a_row_for_each_rule_and_seed(played):
    setting, _, records = played
    assert list(zip(records["method"], records["seed"], strict=True)) == [("BP", 0), ("BP", 1), ("uSF", 0), ("uSF", 1)]
    assert (records["best_error"] <= records["error"]).all()
    assert records["error"].between(0, 100).all()
    errors = lenet_errors(replace(setting.settings, learning_rate=0.0316), [1], jobs=1)
    last = errors[errors["epoch"] == 2].set_index("rule")["error"]
    assert records[records["seed"] == 1].set_index("method")["error"].to_dict() == last.to_dict()


def test_rates_are_those_of_the_lowest_error_on_held_out_images(played):
    _, folder, records = played
    assert set(records["learning_rate"]) == {0.0316}  # with 1e-7 nothing is learned
    assert records["at_edge"].all()
    assert len(list((folder / "blobs-tuning" / "results").iterdir())) == 4


@pytest.mark.parametrize(
    ("best", "rate", "at_edge"),
    [(-4, 0.01, False), (-7, 0.000316, False), (0, 1.0, False), (-20, 1e-7, True), (9, 10.0, True)],
)
def test_rules_try_further_rates_while_the_best_is_the_first_or_the_last(best, rate, at_edge, monkeypatch):
    setting = REPRODUCTIONS["feedback-rules"].settings["medium"][0]
    tried = []

    def error(setting, rule, step, options):
        tried.append(step)
        return abs(step - best)

    monkeypatch.setattr(study.FeedbackRulesSetting, "_tuning_error", error)
    assert setting._tune("FA", RunOptions(None, 1, lambda line: None)) == (rate, at_edge)
    assert len(set(tried)) == len(tried)


def test_a_finished_study_is_not_played_again(played, monkeypatch):
    setting, folder, records = played
    monkeypatch.setattr(study, "STEPS", (-14, -3))
    monkeypatch.setattr(study, "LIMITS", (-14, -3))
    lines = []
    again = setting.play(RunOptions(folder, 1, lines.append))
    assert again.equals(records)
    assert all(line.startswith("blobs: ") for line in lines)


def records_of(setting, errors):
    """Records of three seeds around these best errors; the last errors are larger by 1."""
    rows = [
        (setting, rule, 0.01, False, seed, error + seed + 1, error + seed) for rule, error in errors.items() for seed in range(3)
    ]
    return pd.DataFrame(rows, columns=["setting", "method", "learning_rate", "at_edge", "seed", "error", "best_error"])


def test_findings_stand_beside_the_published_gaps():
    records = records_of("fashion-mnist", {"BP": 10.0, "FA": 13.86, "uSF": 11.0})
    fa, usf = REPRODUCTIONS["feedback-rules"].find(records)
    assert (fa.claim, usf.claim) == ("test error: FA - BP", "test error: uSF - BP")
    assert fa.value == pytest.approx(13.86 - 10.0)
    assert fa.published == "+3.86 (13.06 against 9.2)"
    assert usf.published == "+0.49 (9.69 against 9.2)"
    assert usf.conclusion == "same direction, larger"


def test_errors_on_other_images_have_no_published_figures():
    records = records_of("mnist5k", {"BP": 5.0, "DFA": 9.0})
    (finding,) = REPRODUCTIONS["feedback-rules"].find(records)
    assert (finding.published, finding.conclusion) == ("", "more")
    table = REPRODUCTIONS["feedback-rules"].tables(records)["error"]
    assert table["published"].isna().all()
    assert table["best_error"].tolist() == [6.0, 10.0]
    np.testing.assert_allclose(table["error"] - table["best_error"], 1.0)


def test_tables_hold_the_published_errors():
    table = REPRODUCTIONS["feedback-rules"].tables(records_of("mnist", {"BP": 1.0, "frSF": 1.5}))["error"]
    assert table["published"].tolist() == [0.91, 0.97]
