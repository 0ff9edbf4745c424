"""Summary of several studies: one table, adjusted for all comparisons, and one figure."""

import json
import sys

import pandas as pd
import pytest

from neuronet.cli.main import start
from neuronet.continual.studies.api import continual_study
from neuronet.continual.studies.summary import summarize_studies
from neuronet.core.errors import ConfigurationError, DataError, SpecError
from neuronet.statistics import holm
from tests.continual.fixtures_environments import Glyphs

SMALL = {"seeds": 3, "iterations": 5, "batch_size": 8, "hidden": (8,)}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    found = [tmp_path_factory.mktemp("studies") / name for name in ("one", "two", "three")]
    continual_study("split-class(tasks=3)", Glyphs(), ["income-protecting", "ewc"], out=found[0], **SMALL)
    continual_study("permuted(tasks=2)", Glyphs(), ["ewc", "lwf"], out=found[1], **SMALL)
    continual_study("permuted(tasks=2)", Glyphs(), ["si"], out=found[2], **{**SMALL, "seeds": 1})
    return found


def test_p_values_are_adjusted_for_all_comparisons_together(folders):
    summary = summarize_studies(folders)
    parts = [pd.read_csv(folder / "table.csv") for folder in folders]
    assert len(summary.table) == sum(map(len, parts))
    for test in ("p_t", "p_wilcoxon"):
        p_values = [value for part in parts for value in part[test]]
        pd.testing.assert_series_equal(summary.table[test], pd.Series(p_values), check_names=False)
        pd.testing.assert_series_equal(summary.table[f"{test}_holm"], pd.Series(holm(p_values)), check_names=False)
    assert summary.table["p_t_holm"].notna().sum() == 4  # neither backprop nor a single seed has a p value
    alone = summarize_studies(folders[:1])
    assert (alone.table["p_t_holm"].dropna() <= summary.table["p_t_holm"].iloc[:3].dropna()).all()
    pd.testing.assert_series_equal(alone.table["p_t_holm"], parts[0]["p_t_holm"])


def test_reference_may_be_another_method(folders):
    ewc = summarize_studies(folders[:2], "ewc").table.set_index(["study", "policy"])
    default = summarize_studies(folders[:2]).table.set_index(["study", "policy"])
    for study in dict.fromkeys(study for study, _ in ewc.index):
        assert ewc.loc[(study, "backprop"), "difference"] == pytest.approx(-default.loc[(study, "ewc"), "difference"])
        assert ewc.loc[(study, "backprop"), "p_t"] == pytest.approx(default.loc[(study, "ewc"), "p_t"])
        assert ewc.loc[(study, "ewc")].isna()[["difference", "p_t", "p_t_holm"]].all()
    with pytest.raises(SpecError, match="lwff"):
        summarize_studies(folders[1:2], "lwff")


def test_studies_are_named_by_protocol_environment_and_folder(folders):
    assert [study.name for study in summarize_studies(folders).studies] == [
        "split-class(tasks=3), Glyphs",
        "permuted(tasks=2), Glyphs (two)",
        "permuted(tasks=2), Glyphs (three)",
    ]


def test_matrices_and_times_equal_those_of_the_results(folders):
    study = summarize_studies(folders).studies[0]
    whole = continual_study("split-class(tasks=3)", Glyphs(), ["income-protecting", "ewc"], out=folders[0], **SMALL)
    for name in ("backprop", "income-protecting", "ewc"):
        assert (study.matrices[name] == whole.matrix(name)).all()
        assert study.table.set_index("policy").loc[name, "time"] == pytest.approx(whole.times[name])


def test_command_writes_a_table_and_figures(folders, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(
        sys, "argv", ["neuronet", "continual-summary", *map(str, folders), "--out", str(tmp_path / "all"), "--json"]
    )
    assert start() == 0
    out, err = capsys.readouterr()
    summary = json.loads(out.splitlines()[-1])
    assert summary["comparisons"][0]["policy"] == "backprop"
    assert "lwf" in err and "two" in err
    table = pd.read_csv(tmp_path / "all" / "summary.csv")
    assert len(table) == len(summary["comparisons"]) == 8
    assert (tmp_path / "all" / "summary.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "all" / "summary.png").read_bytes().startswith(b"\x89PNG")


def test_figure_names_every_study_and_method(folders, tmp_path):
    drawn = summarize_studies(folders).plot(tmp_path / "summary.svg").read_text()
    assert drawn.count("<path") > 40
    for name in ("split-class(tasks=3), Glyphs", "permuted(tasks=2), Glyphs (two)", "income-protecting", "lwf"):
        assert f"<!-- {name} -->" in drawn


def test_unusable_folders_are_refused(folders, tmp_path):
    with pytest.raises(ConfigurationError, match="folders"):
        summarize_studies([])
    with pytest.raises(ConfigurationError, match="twice"):
        summarize_studies([folders[0], folders[1], folders[0]])
    with pytest.raises(DataError, match="continual study"):
        summarize_studies([tmp_path])
    (tmp_path / "study.json").write_bytes((folders[0] / "study.json").read_bytes())
    with pytest.raises(DataError, match="not finished"):
        summarize_studies([tmp_path])


def test_study_of_an_earlier_version_has_no_costs(folders, tmp_path):
    for name in ("study.json", "accuracy.csv"):
        (tmp_path / name).write_bytes((folders[0] / name).read_bytes())
    pd.read_csv(folders[0] / "table.csv").drop(columns=["area", "memory"]).to_csv(tmp_path / "table.csv", index=False)
    summary = summarize_studies([tmp_path])
    assert summary.table[["area", "memory", "time"]].isna().all(axis=None)
    assert summary.to_records()[0]["time"] is None
