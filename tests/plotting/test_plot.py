"""Pictures of what is recorded in folders: which there are, what they show, and what is refused."""

from __future__ import annotations

import sys
from shutil import copytree

import numpy as np
import pandas as pd
import pytest

import neuronet
from neuronet.cli.main import start
from neuronet.core.errors import NeuroNetError
from neuronet.plotting.sources import KINDS, kinds_of, plot
from neuronet.plotting.sources.attention_data import attention_over_time, initial_and_final_attention
from neuronet.plotting.sources.labels import group_runs
from neuronet.plotting.sources.run_data import RunData
from neuronet.recording.run_directory import RunDirectory
from neuronet.training.config import read_config
from tests.plotting.fixtures import POPULATION, record_run, write_comparison, write_continual_study, write_control_run

HEADS = {".pdf": b"%PDF", ".svg": b"<?xml", ".png": b"\x89PNG"}


@pytest.fixture(scope="module")
def result_folders(tmp_path_factory):
    where = tmp_path_factory.mktemp("results")
    record_run(where / "mixed", policy=POPULATION, alignment=True)
    for seed in (1, 2):
        record_run(where / f"greedy-{seed}", policy="greedy", seed=seed)
    record_run(where / "bare", hidden=[])
    write_continual_study(where / "tasks")
    write_continual_study(where / "tuned", tuned=True)
    write_comparison(where / "compared")
    write_control_run(where / "rewards")
    return where


def opened(folder, **options):
    said = []
    return RunData(RunDirectory.open(folder, read_config), options.get("replica", 0), said.append), said


def command(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["neuronet", "plot", *map(str, words)])
    capsys.readouterr()
    return start(), *capsys.readouterr()


def test_what_each_folder_has(result_folders):
    found = {folder.name: kinds_of(folder) for folder in result_folders.iterdir()}
    assert found == {
        "mixed": ["network", "attention", "alignment", "fields", "curves"],
        "greedy-1": ["network", "attention", "fields", "curves"],
        "greedy-2": ["network", "attention", "fields", "curves"],
        "bare": ["network", "fields", "curves"],
        "tasks": ["forgetting", "curves"],
        "tuned": ["forgetting", "curves", "frontier"],
        "compared": ["curves"],
        "rewards": ["network", "curves"],
    }
    assert {kind for kinds in found.values() for kind in kinds} == set(KINDS)


def test_without_a_kind_all_that_there_is_is_drawn(result_folders, tmp_path, monkeypatch, capsys):
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
def test_studies(result_folders, tmp_path, folder, kind, words):
    text = plot(result_folders / folder, kind, tmp_path / "picture.svg").read_text(encoding="utf-8")
    assert f"<!-- {words}" in text  # matplotlib writes down what its outlines of letters say


@pytest.mark.parametrize("suffix", HEADS)
def test_the_suffix_is_the_format(result_folders, tmp_path, suffix):
    path = plot(result_folders / "greedy-1", "fields", tmp_path / f"fields{suffix}")
    assert path.read_bytes().startswith(HEADS[suffix])


def test_the_run_is_put_together_as_it_was(tmp_path):
    result = record_run(tmp_path / "run", policy=POPULATION, connectivity="sparse(0.7)", hidden=[6, 5], seed=3)
    run, said = opened(tmp_path / "run")
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
    assert said == []


def test_the_attention_at_both_ends_of_a_run(tmp_path):
    network = neuronet.build_network([2, 3, 2], seed=5)
    result = neuronet.train("xor", network=network, epochs=1, engine="agents", out=tmp_path / "run")
    table = initial_and_final_attention(opened(tmp_path / "run")[0])
    assert list(table["round"]) == [0] * 3 + [result.rounds] * 3
    assert list(table["node"]) == [2, 3, 4] * 2
    for part, net in ((table[:3], network), (table[3:], result.network)):
        np.testing.assert_allclose(part["attention"], (net.weights[1] ** 2).sum(axis=0) / 2)


def test_what_interventions_made_of_a_run_is_drawn(tmp_path):
    planned = ("0: lesion(layer=1, neurons=3)", "1: switch(layer=1, neurons=0, policy='contrarian')")
    result = record_run(tmp_path / "run", interventions=planned, engine="tensors", replicas=2)
    run, said = opened(tmp_path / "run", replica=1)
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
    assert said == []


def test_layers_that_came_and_neurons_that_went_are_drawn(tmp_path):
    planned = ("0: add_layer(after=1)", "1: remove(layer=1, neurons=[0, 1])")
    result = record_run(tmp_path / "run", interventions=planned)
    run, _ = opened(tmp_path / "run")
    assert run.network.sizes == result.network.sizes
    np.testing.assert_array_equal(run.network.weights[1], result.network.weights[1])
    assert len(run.initial_network.sizes) == len(run.network.sizes) - 1
    for kind in ("attention", "network"):
        assert plot(tmp_path / "run", kind, tmp_path / f"{kind}.svg").exists()


def test_traced_attention_is_drawn_from_birth_on(tmp_path):
    traced = ["node 3,5 every 2 of attention", "outputs:all every 7"]
    record_run(tmp_path / "run", trace=traced, interventions="1: switch(layer=1, neurons=1, policy='contrarian')")
    run, said = opened(tmp_path / "run")
    table = attention_over_time(run)
    assert said == []
    assert sorted(table["node"].unique()) == [3, 5]
    of_3 = table[table["node"] == 3]
    assert list(of_3["round"]) == list(range(0, run.state.round + 1, 2))
    assert of_3["attention"].iloc[0] == (run.initial_network.weights[1][:, 1] ** 2).sum() / 2
    assert list(dict.fromkeys(of_3["policy"])) == ["attention", "contrarian"]
    assert plot(tmp_path / "run", "attention", tmp_path / "attention.svg").exists()


def test_without_traces_of_hidden_neurons_beginning_and_end_are_drawn(result_folders, tmp_path):
    record_run(tmp_path / "run", trace="inputs every 5")
    for folder, words in (
        (result_folders / "greedy-1", "has no traces"),
        (tmp_path / "run", "have no attention of hidden neurons"),
    ):
        run, said = opened(folder)
        pd.testing.assert_frame_equal(attention_over_time(run), initial_and_final_attention(run))
        assert len(said) == 1
        assert words in said[0]
        assert "--trace 'hidden:16 every 10'" in said[0]


def test_a_replica_is_chosen(tmp_path):
    result = record_run(tmp_path / "run", engine="tensors", replicas=2)
    for replica in range(2):
        run, _ = opened(tmp_path / "run", replica=replica)
        np.testing.assert_array_equal(run.network.weights[0], result.networks[replica].weights[0])
    with pytest.raises(NeuroNetError, match="replica must be an integer from 0 to 1, got 2"):
        plot(tmp_path / "run", "network", tmp_path / "a.svg", replica=2)


def test_runs_that_differ_in_their_seeds_alone_are_one_line(result_folders):
    tables = group_runs([opened(result_folders / name)[0] for name in ("mixed", "greedy-1", "greedy-2")])
    assert list(tables) == [POPULATION, "greedy (2 seeds)"]
    assert tables["greedy (2 seeds)"]["replica"].unique().tolist() == [1, 2]
    assert list(group_runs([opened(result_folders / f"greedy-{n}")[0] for n in (1, 2)])) == ["greedy (2 seeds)"]


def test_runs_that_are_the_same_are_named_by_their_folders(result_folders, tmp_path):
    copytree(result_folders / "greedy-1", tmp_path / "again")
    assert list(group_runs([opened(result_folders / "greedy-1")[0], opened(tmp_path / "again")[0]])) == ["greedy-1", "again"]


def test_several_runs_in_one_picture(result_folders, tmp_path, monkeypatch, capsys):
    runs = [result_folders / name for name in ("mixed", "greedy-1")]
    status, out, _ = command(monkeypatch, capsys, *runs, "--out", tmp_path / "both.svg")
    assert (status, out.strip()) == (0, str(tmp_path / "both.svg"))


def test_what_is_not_to_be_had_is_said(tmp_path):
    inputs = np.random.default_rng(0).normal(size=(40, 3))
    neuronet.train((inputs, (inputs[:, 0] > 0).astype(int)), hidden=[3], epochs=1, engine="agents", out=tmp_path / "run")
    said = []
    plot(tmp_path / "run", "fields", tmp_path / "fields.svg", log=said.append)
    assert len(said) == 1
    assert said[0].startswith("The inputs are drawn as plain numbers, since the run's environment is not to be had: ")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["bare", "--kind", "attention"], "since the network has no hidden neurons: there is network, fields, curves"),
        ([], "plot needs the folder of a run, such as runs/digits"),
        (["mixed", "--kind", "netwrk"], "unknown kind of picture 'netwrk': did you mean 'network'?"),
        (
            ["greedy-1", "--kind", "alignment"],
            "since alignment was not measured (neuronet run --alignment): there is network, att",
        ),
        (["tasks", "--kind", "frontier"], "since nothing was tuned (neuronet continual --tune): there is forgetting, curves"),
        (["tasks", "--kind", "network"], "'tasks' holds a study of forgetting, which has no 'network': there is forgetting, cur"),
        (["nowhere"], "there is no folder 'nowhere': give one in which a run or study was recorded"),
        (["."], "'.' holds no run and no study, with neither config.json nor study.json: it has bare/, compared/, greedy-1/"),
        (["mixed", "greedy-1"], "a picture of several runs needs a name: give --out, such as curves.pdf"),
        (["mixed", "tasks", "--out", "x.pdf"], "only runs go into one picture: 'tasks' holds a study of forgetting"),
        (["mixed", "greedy-1", "--kind", "network", "--out", "x.pdf"], "'network' shows a single run: give one folder, or"),
        (["mixed", "./mixed", "--out", "x.pdf"], "'mixed' is to be drawn twice: give each run once"),
        (["mixed", "--out", "x.pdf"], "'x.pdf' is one file, but there are 5 pictures: give --kind, or a folder as --out"),
        (["mixed", "--kind", "curves", "--out", "x.jpg"], "cannot draw 'x.jpg': the name must end in .png, .svg or .pdf"),
        (["mixed", "--format", "jpg"], "unknown format 'jpg': did you mean 'png'? known are pdf, png, svg"),
        (["mixed", "--kind", "network", "--max-neurons", "0"], "max_neurons must be an integer of 1 or more, got 0"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(result_folders, monkeypatch, capsys, words, sentence):
    monkeypatch.chdir(result_folders)
    status, out, err = command(monkeypatch, capsys, *words)
    assert (status, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1
    assert not list(result_folders.glob("*.*"))


def test_a_run_that_has_only_begun_says_so(result_folders, tmp_path, monkeypatch, capsys):
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "config.json").write_bytes((result_folders / "mixed" / "config.json").read_bytes())
    assert (
        command(monkeypatch, capsys, tmp_path / "begun")[2] == f"Error: there is nothing to draw yet in '{tmp_path / 'begun'}'\n"
    )
    with pytest.raises(NeuroNetError, match="since the run has no checkpoint yet: there is nothing to draw yet"):
        plot(tmp_path / "begun", "network", tmp_path / "network.pdf")


def test_the_kinds_are_listed(monkeypatch, capsys):
    status, out, _ = command(monkeypatch, capsys, "--list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == list(KINDS)


def test_a_table_that_cannot_be_read_is_one_sentence(tmp_path):
    write_comparison(tmp_path / "compared")
    (tmp_path / "compared" / "curves.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NeuroNetError, match="cannot read"):
        plot(tmp_path / "compared", "curves", tmp_path / "curves.pdf")


def test_pooled_tables_have_every_epoch(result_folders):
    table = group_runs([opened(result_folders / "mixed")[0]])["attention:0.5,free-rider:0.5"]
    pd.testing.assert_series_equal(table["test_loss"], opened(result_folders / "mixed")[0].metrics["test_loss"])
