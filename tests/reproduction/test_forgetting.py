"""Study of forgetting: tiny settings, records that are read again, and the command."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuronet.continual import continual_study
from neuronet.core import DataError, SpecError, StudyMismatchError
from neuronet.plotting.reproduction import frontiers_figure
from neuronet.reproduction import REPRODUCTIONS, read_reproduction, reproduce
from neuronet.reproduction.forgetting.methods import LOWEST_RATE, MAIN_METHODS
from neuronet.reproduction.forgetting.study import FORGETTING, ForgettingSetting

TINY = (
    ForgettingSetting("digits-batch64", "digits", (8,), 64, 4, 3, MAIN_METHODS, (1, 3, 5)),
    ForgettingSetting("digits-batch512", "digits", (8,), 512, 2, 3, MAIN_METHODS, (3, 5)),
)
NAME = "budgeted-forgetting"


@pytest.fixture(scope="module")
def tiny_study():
    return replace(FORGETTING, settings={"small": TINY})


@pytest.fixture
def registered(monkeypatch, tiny_study):
    monkeypatch.setitem(REPRODUCTIONS, NAME, tiny_study)


@pytest.fixture(scope="module")
def finished(tiny_study, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(REPRODUCTIONS, NAME, tiny_study)
        return reproduce(NAME, out=tmp_path_factory.mktemp("study"), jobs=1)


@pytest.fixture
def copied(registered, finished, tmp_path):
    """Folder with a copy of the finished study."""
    return Path(shutil.copytree(finished.folder, tmp_path / "copy"))


def test_records_hold_every_run(finished):
    columns = ["setting", "method", "learning_rate", "seed"]
    assert len(finished.records) == 6 * 3 * 3 + 6 * 2 * 3
    assert not finished.records.duplicated(columns).any()
    assert finished.records[["final", "learning"]].to_numpy().min() >= 0
    assert finished.records[["final", "learning"]].to_numpy().max() <= 1


def test_run_equals_that_of_a_continual_study(finished):
    rows = finished.records.query("setting == 'digits-batch64' and method == 'budgeted' and learning_rate == 0.001")
    options = {"iterations": 4, "batch_size": 64, "hidden": (8,), "optimizer": "sgd", "late_lr_factor": 0.1, "seeds": 3}
    study = continual_study("split-domain", "digits", ["budgeted"], learning_rate=0.001, jobs=1, device="cpu", **options)
    expected = study.matrix("budgeted")[:, -1].mean(axis=-1)
    np.testing.assert_allclose(rows["final"], expected, atol=1e-9)


def test_findings_compare_batch_sizes_as_the_authors_do(finished):
    claims = [finding.claim for finding in finished.findings]
    assert any("batches of 64 - BP, batches of 512" in claim for claim in claims)
    assert {finding.published for finding in finished.findings} == {"", "+2.4 (76.0 against 73.6)"}


def test_records_read_again_give_the_same_findings_and_tables(registered, finished):
    again = read_reproduction(finished.folder)
    np.testing.assert_allclose([f.value for f in again.findings], [f.value for f in finished.findings])
    assert [f.conclusion for f in again.findings] == [f.conclusion for f in finished.findings]
    for name, table in finished.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], table)


def test_study_resumes_and_refuses_another_size(finished, copied, monkeypatch):
    games = [path for path in sorted((copied / "digits-batch64").rglob("final-*.json")) if ".cost" not in path.name]
    before = {path: path.stat().st_mtime_ns for path in games}
    games[0].unlink()
    again = reproduce(NAME, out=copied, jobs=1)
    pd.testing.assert_frame_equal(again.records.drop(columns="seconds"), finished.records.drop(columns="seconds"))
    assert sum(path.stat().st_mtime_ns != before[path] for path in games) == 1
    monkeypatch.setitem(REPRODUCTIONS, NAME, replace(FORGETTING, settings={"small": TINY, "medium": TINY}))
    with pytest.raises(StudyMismatchError, match="size"):
        reproduce(NAME, size="medium", out=copied)


def test_bad_names_and_folders_are_refused(tmp_path):
    with pytest.raises(SpecError, match="budgeted-forgeting"):
        reproduce("budgeted-forgeting")
    with pytest.raises(SpecError, match="huge"):
        reproduce(NAME, size="huge")
    with pytest.raises(DataError, match="does not hold a reproduction"):
        read_reproduction(tmp_path)


def test_damaged_records_are_refused_in_one_sentence(copied):
    (copied / "records.csv").write_text("setting,method\nx,y\n")
    with pytest.raises(DataError, match=r"records\.csv"):
        read_reproduction(copied)


def test_every_registered_method_can_be_parsed_and_has_a_rate():
    for settings in FORGETTING.settings.values():
        for setting in settings:
            plan = list(setting.plan())
            assert {method for method, _ in plan} == set(setting.methods) <= set(LOWEST_RATE)
            assert len(set(plan)) == len(setting.methods) * len(setting.steps)


def test_figure_has_a_panel_for_each_setting(finished):
    figure = frontiers_figure(finished.records)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["digits-batch64", "", "digits-batch512", ""]


def test_plot_draws_the_figure_of_a_reproduction(neuronet, copied, tmp_path):
    assert neuronet("plot", copied, "--out", "drawn.svg").status == 0
    assert (tmp_path / "drawn.svg").read_text().count("<path") > 20
    (copied / "records.csv").unlink()
    answer = neuronet("plot", copied, "--kind", "reproduction", "--out", "again.svg")
    assert answer.status == 2
    assert "the study is not finished" in answer.err


@pytest.mark.slow
def test_command_prints_findings_and_writes_figure(registered, neuronet, tmp_path):
    answer = neuronet("reproduce", NAME, "--out", "study", "--jobs", "1", "--json")
    assert answer.status == 0
    summary = json.loads(answer.out.splitlines()[-1])
    assert len(summary["findings"]) == len(pd.read_csv(tmp_path / "study" / "findings.csv"))
    assert (tmp_path / "study" / "figure.png").stat().st_size > 10_000
    again = neuronet("reproduce", "--records", "study", "--json")
    assert json.loads(again.out.splitlines()[-1])["findings"] == summary["findings"]
    assert "76.0" in again.err


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ([], "budgeted-forgetting"),
        (["budgeted-forgeting"], "did you mean 'budgeted-forgetting'"),
        ([NAME, "--size", "smal"], "did you mean 'small'"),
        ([NAME, "--records", "folder"], "--records"),
        (["--records", "folder"], "does not hold a reproduction"),
        ([NAME, "--jobs", "0"], "jobs"),
    ],
)
def test_wrong_command_is_refused_in_one_line(neuronet, tmp_path, arguments, fragment):
    answer = neuronet("reproduce", *arguments)
    assert answer.status == 2
    assert fragment in answer.err
    assert len(answer.err.splitlines()) == 1
    assert not (tmp_path / "runs").exists()


def test_list_names_every_study_and_size(neuronet):
    out = neuronet("reproduce", "--list").out
    for name, study in REPRODUCTIONS.items():
        assert name in out
        assert all(size in out for size in study.sizes)
