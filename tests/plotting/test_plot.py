"""Figures of recorded folders: available kinds, their content, and refusals."""

from __future__ import annotations

import re
import sys
from shutil import copytree

import numpy as np
import pandas as pd
import pytest

import neuronet
from neuronet.cli.main import start
from neuronet.core.errors import ConfigurationError, DataError, NeuroNetError
from neuronet.plotting.sources import KINDS, kinds_of, plot
from neuronet.plotting.sources.attention_data import attention_over_time, initial_and_final_attention
from neuronet.plotting.sources.labels import group_runs
from neuronet.plotting.sources.plot_options import PlotOptions
from neuronet.plotting.sources.run_data import RunData
from neuronet.plotting.sources.run_plots import joint_inequality_figure
from neuronet.recording.run_directory import RunDirectory
from neuronet.training.config import read_config
from tests.helpers.paths import ROOT
from tests.plotting.fixtures import POPULATION, record_run, write_comparison, write_continual_study, write_control_run

HEADS = {".pdf": b"%PDF", ".svg": b"<?xml", ".png": b"\x89PNG"}


@pytest.fixture(scope="module")
def result_folders(tmp_path_factory):
    where = tmp_path_factory.mktemp("results")
    record_run(where / "mixed", policy=POPULATION, alignment=True, inequality=True)
    for seed in (1, 2):
        record_run(where / f"greedy-{seed}", policy="greedy", seed=seed)
    record_run(where / "bare", hidden=[])
    write_continual_study(where / "tasks")
    write_continual_study(where / "tuned", tuned=True)
    write_comparison(where / "compared")
    write_control_run(where / "rewards")
    copytree(ROOT / "benchmarks" / "reproduction" / "budgeted-forgetting", where / "published")
    return where


def opened(folder, **options):
    log = []
    return RunData(RunDirectory.open(folder, read_config), options.get("replica", 0), log.append), log


def command(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["neuronet", "plot", *map(str, words)])
    capsys.readouterr()
    return start(), *capsys.readouterr()


def test_each_folder_has_its_kinds(result_folders):
    found = {folder.name: kinds_of(folder) for folder in result_folders.iterdir()}
    assert found == {
        "mixed": ["network", "attention", "alignment", "inequality", "fields", "curves"],
        "greedy-1": ["network", "attention", "fields", "curves"],
        "greedy-2": ["network", "attention", "fields", "curves"],
        "bare": ["network", "fields", "curves"],
        "tasks": ["forgetting", "curves"],
        "tuned": ["forgetting", "curves", "frontier"],
        "compared": ["curves"],
        "rewards": ["network", "curves"],
        "published": ["reproduction"],
    }
    assert {kind for kinds in found.values() for kind in kinds} == set(KINDS)


def test_all_available_kinds_are_drawn_by_default(result_folders, tmp_path, monkeypatch, capsys):
    status, out, _ = command(monkeypatch, capsys, result_folders / "mixed", "--out", tmp_path / "new", "--format", "svg")
    files = [tmp_path / "new" / f"{kind}.svg" for kind in kinds_of(result_folders / "mixed")]
    assert (status, out.splitlines()) == (0, [str(file) for file in files])
    assert all(file.read_bytes().startswith(HEADS[".svg"]) for file in files)


@pytest.mark.parametrize(
    ("folder", "kind", "words"),
    [
        ("tasks", "forgetting", "accuracy on task"),
        ("tasks", "curves", "tasks learned"),
        ("tuned", "frontier", "learning accuracy"),
        ("compared", "curves", "test error"),
        ("rewards", "network", "outputs"),
        ("rewards", "curves", "episode"),
    ],
)
def test_studies_are_drawn(result_folders, tmp_path, folder, kind, words):
    text = plot(result_folders / folder, kind, tmp_path / "picture.svg").read_text(encoding="utf-8")
    assert f"<!-- {words}" in text  # matplotlib writes down what its outlines of letters say


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"study.json": '{"kind": "comparison"}'}, "because the comparison is not finished"),
        ({"study.json": '{"kind": "a new kind"}'}, "'a new kind', of which there are no figures"),
        ({"study.json": '{"type": "comparison"}'}, r"study\.json'.* does not name the kind"),
        ({"sweep.json": '{"columns": [], "swept": {}', "cells/a.json": "{"}, r"sweep\.json"),
    ],
)
def test_reason_why_nothing_is_drawn_is_given(tmp_path, monkeypatch, capsys, files, reason):
    for name, text in files.items():
        (tmp_path / "out" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "out" / name).write_text(text)
    status, _, err = command(monkeypatch, capsys, tmp_path / "out")
    assert status == 2
    assert re.search(reason, err)


@pytest.mark.parametrize("suffix", HEADS)
def test_suffix_is_the_format(result_folders, tmp_path, suffix):
    path = plot(result_folders / "greedy-1", "fields", tmp_path / f"fields{suffix}")
    assert path.read_bytes().startswith(HEADS[suffix])


def test_run_is_restored_from_its_folder(tmp_path):
    result = record_run(tmp_path / "run", policy=POPULATION, connectivity="sparse(0.7)", hidden=[6, 5], seed=3)
    run, log = opened(tmp_path / "run")
    for one, other in zip(
        (*run.network.weights, *run.network.biases), (*result.network.weights, *result.network.biases), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(run.network.masks, result.network.masks, strict=True):
        np.testing.assert_array_equal(one, other)
    assert sorted(run.policies[0]) == ["attention"] * 3 + ["free-rider"] * 3
    assert run.policies[-1] == ("attention",) * 2
    assert run.shape == (2,)
    assert run.varying_inputs.all()
    assert run.loss_unit == "nats"
    assert log == []


def test_attention_at_start_and_end_of_a_run(tmp_path):
    network = neuronet.build_network([2, 3, 2], seed=5)
    result = neuronet.train("xor", network=network, epochs=1, engine="agents", out=tmp_path / "run")
    table = initial_and_final_attention(opened(tmp_path / "run")[0])
    assert list(table["round"]) == [0] * 3 + [result.rounds] * 3
    assert list(table["node"]) == [2, 3, 4] * 2
    for part, net in ((table[:3], network), (table[3:], result.network)):
        np.testing.assert_allclose(part["attention"], (net.weights[1] ** 2).sum(axis=0) / 2)


def test_effects_of_interventions_are_drawn(tmp_path):
    interventions = ("0: lesion(layer=1, neurons=3)", "1: switch(layer=1, neurons=0, policy='contrarian')")
    result = record_run(tmp_path / "run", interventions=interventions, engine="tensors", replicas=2)
    run, log = opened(tmp_path / "run", replica=1)
    np.testing.assert_array_equal(run.network.weights[1], result.networks[1].weights[1])
    assert run.policies[0] == ("contrarian", *["attention"] * 5)
    assert run.silent == (frozenset(), {3}, frozenset())
    assert "silent neuron" in plot(tmp_path / "run", "network", tmp_path / "network.svg").read_text(encoding="utf-8")
    assert [when for when, _ in run.events] == [0, result.rounds // 2]
    svg = plot(tmp_path / "run", "curves", tmp_path / "curves.svg").read_text(encoding="utf-8")
    assert "<!-- lesion(layer=1, neurons=3) -->" in svg
    table = initial_and_final_attention(run)
    assert list(table[table["policy"] == "contrarian"]["node"]) == [2, 2]
    assert plot(tmp_path / "run", "attention", tmp_path / "attention.pdf").exists()
    assert log == []


def test_added_layers_and_removed_neurons_are_drawn(tmp_path):
    interventions = ("0: add_layer(after=1)", "1: remove(layer=1, neurons=[0, 1])")
    result = record_run(tmp_path / "run", interventions=interventions)
    run, _ = opened(tmp_path / "run")
    assert run.network.sizes == result.network.sizes
    np.testing.assert_array_equal(run.network.weights[1], result.network.weights[1])
    assert len(run.initial_network.sizes) == len(run.network.sizes) - 1
    for kind in ("attention", "network"):
        assert plot(tmp_path / "run", kind, tmp_path / f"{kind}.svg").exists()


def test_traced_attention_includes_the_start(tmp_path):
    traced = ["node 3,5 every 2 of attention", "outputs:all every 7"]
    record_run(tmp_path / "run", trace=traced, interventions="1: switch(layer=1, neurons=1, policy='contrarian')")
    run, log = opened(tmp_path / "run")
    table = attention_over_time(run)
    assert log == []
    assert sorted(table["node"].unique()) == [3, 5]
    node_3 = table[table["node"] == 3]
    assert list(node_3["round"]) == list(range(0, run.state.round + 1, 2))
    assert node_3["attention"].iloc[0] == (run.initial_network.weights[1][:, 1] ** 2).sum() / 2
    assert list(dict.fromkeys(node_3["policy"])) == ["attention", "contrarian"]
    assert plot(tmp_path / "run", "attention", tmp_path / "attention.svg").exists()


def test_start_and_end_are_drawn_without_traces_of_hidden_neurons(result_folders, tmp_path):
    record_run(tmp_path / "run", trace="inputs every 5")
    for folder, words in (
        (result_folders / "greedy-1", "has no traces"),
        (tmp_path / "run", "have no attention of hidden neurons"),
    ):
        run, log = opened(folder)
        pd.testing.assert_frame_equal(attention_over_time(run), initial_and_final_attention(run))
        assert len(log) == 1
        assert words in log[0]
        assert "--trace 'hidden:16 every 10'" in log[0]


def test_replica_is_selected(tmp_path):
    result = record_run(tmp_path / "run", engine="tensors", replicas=2)
    for replica in range(2):
        run, _ = opened(tmp_path / "run", replica=replica)
        np.testing.assert_array_equal(run.network.weights[0], result.networks[replica].weights[0])
    with pytest.raises(ConfigurationError, match=r"replica .* 2"):
        plot(tmp_path / "run", "network", tmp_path / "a.svg", replica=2)


def test_runs_that_differ_only_in_seeds_are_one_line(result_folders):
    tables = group_runs([opened(result_folders / name)[0] for name in ("mixed", "greedy-1", "greedy-2")])
    assert list(tables) == [POPULATION, "greedy (2 seeds)"]
    assert tables["greedy (2 seeds)"]["replica"].unique().tolist() == [1, 2]
    assert list(group_runs([opened(result_folders / f"greedy-{n}")[0] for n in (1, 2)])) == ["greedy (2 seeds)"]


def test_equal_runs_are_named_by_their_folders(result_folders, tmp_path):
    copytree(result_folders / "greedy-1", tmp_path / "again")
    assert list(group_runs([opened(result_folders / "greedy-1")[0], opened(tmp_path / "again")[0]])) == ["greedy-1", "again"]


def test_several_runs_in_one_figure(result_folders, tmp_path, monkeypatch, capsys):
    runs = [result_folders / name for name in ("mixed", "greedy-1")]
    status, out, _ = command(monkeypatch, capsys, *runs, "--out", tmp_path / "both.svg")
    assert (status, out.strip()) == (0, str(tmp_path / "both.svg"))


def test_missing_environment_is_logged(tmp_path):
    inputs = np.random.default_rng(0).normal(size=(40, 3))
    neuronet.train((inputs, (inputs[:, 0] > 0).astype(int)), hidden=[3], epochs=1, engine="agents", out=tmp_path / "run")
    log = []
    plot(tmp_path / "run", "fields", tmp_path / "fields.svg", log=log.append)
    assert len(log) == 1
    assert log[0].startswith("The inputs are drawn without their shape")


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (["bare", "--kind", "attention"], "no hidden neurons: available figures are network, fields, curves"),
        ([], "needs the folder of a run"),
        (["mixed", "--kind", "netwrk"], "'netwrk': did you mean 'network'?"),
        (
            ["greedy-1", "--kind", "alignment"],
            "(neuronet run --alignment)",
        ),
        (["tasks", "--kind", "frontier"], "(neuronet continual --tune): available figures are forgetting, curves"),
        (["tasks", "--kind", "network"], "'tasks' holds a continual study, which has no 'network'"),
        (["missing"], "'missing' does not exist"),
        (["."], "no config.json or study.json: it contains bare/, compared/, greedy-1/"),
        (["mixed", "greedy-1"], "--out"),
        (["mixed", "tasks", "--out", "x.pdf"], "'tasks' holds a continual study"),
        (["mixed", "greedy-1", "--kind", "network", "--out", "x.pdf"], "'network' shows a single run"),
        (["mixed", "./mixed", "--out", "x.pdf"], "'mixed' is given twice"),
        (["mixed", "--out", "x.pdf"], "'x.pdf'"),
        (["mixed", "--kind", "curves", "--out", "x.jpg"], "'x.jpg'"),
        (["mixed", "--format", "jpg"], "'jpg'"),
        (["mixed", "--kind", "network", "--max-neurons", "0"], "max_neurons"),
    ],
)
def test_impossible_figure_is_refused_with_exit_status_2(result_folders, monkeypatch, capsys, words, fragment):
    monkeypatch.chdir(result_folders)
    status, out, err = command(monkeypatch, capsys, *words)
    assert (status, out) == (2, "")
    assert fragment in err
    assert err.count("\n") == 1
    assert not list(result_folders.glob("*.*"))


def test_run_without_data_is_refused(result_folders, tmp_path, monkeypatch, capsys):
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "config.json").write_bytes((result_folders / "mixed" / "config.json").read_bytes())
    assert str(tmp_path / "begun") in command(monkeypatch, capsys, tmp_path / "begun")[2]
    with pytest.raises(DataError, match="no checkpoint yet: available figures are none yet"):
        plot(tmp_path / "begun", "network", tmp_path / "network.pdf")


def test_kinds_are_listed(monkeypatch, capsys):
    status, out, _ = command(monkeypatch, capsys, "--list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == list(KINDS)


def test_unreadable_table_is_refused(tmp_path):
    write_comparison(tmp_path / "compared")
    (tmp_path / "compared" / "curves.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"curves\.csv"):
        plot(tmp_path / "compared", "curves", tmp_path / "curves.pdf")


def test_grouped_metrics_have_every_epoch(result_folders):
    table = group_runs([opened(result_folders / "mixed")[0]])["attention:0.5,free-rider:0.5"]
    pd.testing.assert_series_equal(table["test_loss"], opened(result_folders / "mixed")[0].metrics["test_loss"])


def test_inequality_of_runs_that_differ_in_seeds_is_that_of_replicas(tmp_path):
    options = {"policy": POPULATION, "inequality": True, "epochs": 1}
    for seed in range(3):
        record_run(tmp_path / f"seed-{seed}", seed=seed, **options)
    record_run(tmp_path / "other", seed=9, **{**options, "policy": "attention"})
    record_run(tmp_path / "unmeasured", seed=4, policy=POPULATION, epochs=1)
    folders = [tmp_path / f"seed-{seed}" for seed in range(3)]
    figure = joint_inequality_figure(folders, PlotOptions(None, 0, print))
    gini = [neuronet.train("xor", hidden=[6], engine="agents", seed=seed, **options).inequality for seed in range(3)]
    mean = np.mean([table.query("layer == 1 and group == 'all'")["gini"].iloc[-1] for table in gini])
    assert figure.axes[0].lines[0].get_ydata() == pytest.approx([mean])
    assert len(figure.axes[0].collections) == 2  # intervals
    for second, sentence in (("other", "differ in"), ("unmeasured", "has no inequality"), ("seed-0", "given twice")):
        with pytest.raises(NeuroNetError, match=sentence):
            plot([folders[0], tmp_path / second], "inequality", tmp_path / "x.png")
