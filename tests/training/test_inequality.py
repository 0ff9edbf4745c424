"""Inequality of attention: by hand, equal on both engines, without silent neurons, recorded, resumed and drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import neuronet
from neuronet.core import DataError
from neuronet.plotting.inequality import inequality_figure
from neuronet.recording import INEQUALITY, INEQUALITY_COLUMNS
from neuronet.statistics import gini

OPTIONS = {
    "policy": "attention:50%,free-rider:50%",
    "hidden": (6, 4),
    "epochs": 3,
    "learning_rate": 0.1,
    "batch_size": 50,
    "lr_schedule": "constant",
    "inequality": True,
}


def run(**options):
    return neuronet.train("xor", **{**OPTIONS, **options})


def attention_of(network, layer):
    return (network.weights[layer] ** 2).sum(axis=0) / 2


@pytest.mark.parametrize("engine", ["agents", "tensors"])
def test_numbers_are_those_of_the_network(engine):
    result = run(engine=engine)
    last = result.inequality[result.inequality["epoch"] == 3]
    assert list(last.columns) == list(INEQUALITY_COLUMNS)
    relative = [attention_of(result.network, layer) for layer in (1, 2)]
    relative = [values / values.mean() for values in relative]
    layers = last[(last["group"] == "all") & (last["layer"] > 0)].set_index("layer")
    assert layers.index.tolist() == [1, 2]  # outputs have no listeners
    for layer, values in enumerate(relative, start=1):
        assert layers.loc[layer, "gini"] == pytest.approx(gini(values))
        assert layers.loc[layer, "top_tenth"] == pytest.approx(values.max() / values.sum())
        assert layers.loc[layer, "neurons"] == len(values)
        assert layers.loc[layer, ["attention", "attention_share"]].tolist() == pytest.approx([1, 1])
    whole = last[(last["layer"] == 0) & (last["group"] == "all")].iloc[0]
    assert whole["gini"] == pytest.approx(gini(np.concatenate(relative)))
    groups = last[(last["layer"] == 0) & (last["group"] != "all")]
    assert set(groups["policy"]) == {"attention", "free-rider"}
    assert groups["neurons"].sum() == 10
    assert groups["attention_share"].sum() == pytest.approx(1)
    assert (groups["attention"] * groups["neurons"]).sum() == pytest.approx(10)


def test_engines_and_replicas_agree():
    agents, tensors = run(engine="agents", seed=1).inequality, run(engine="tensors", seed=1).inequality
    pd.testing.assert_frame_equal(agents, tensors, rtol=1e-9)
    both = run(engine="tensors", replicas=2).inequality
    second = both[both["replica"] == 1].assign(replica=0).reset_index(drop=True)
    pd.testing.assert_frame_equal(second, tensors, rtol=1e-9)


def test_silent_neurons_are_left_out():
    result = run(interventions=["2: lesion(layer=1, share=0.5)"], hidden=(6,), policy="attention")
    layer = result.inequality.query("layer == 1 and group == 'all'").set_index("epoch")
    assert layer["neurons"].tolist() == [6, 6, 3]
    (silenced,) = result.events["nodes"]
    kept = ~np.isin(result.network.nodes[1], silenced)
    assert kept.sum() == 3
    assert layer.loc[3, "gini"] == pytest.approx(gini(attention_of(result.network, 1)[kept]))
    assert layer.loc[3, "attention"] == pytest.approx(1)


def test_recorded_run_resumes_with_equal_rows(tmp_path):
    whole = run(out=tmp_path / "whole")
    run(out=tmp_path / "parts", epochs=2)
    resumed = neuronet.resume(tmp_path / "parts", epochs=3)
    pd.testing.assert_frame_equal(resumed.inequality, whole.inequality)
    files = [(tmp_path / name / INEQUALITY).read_text() for name in ("whole", "parts")]
    assert files[0] == files[1]


def test_it_is_measured_on_request_and_among_hidden_neurons_alone():
    plain = run(inequality=False)
    assert plain.inequality.empty
    with pytest.raises(DataError, match="inequality=True"):
        plain.plot_inequality("never.png")
    assert run(hidden=(), policy="attention").inequality.empty


def test_figure_has_a_panel_for_layers_policies_and_accuracy(tmp_path):
    result = run(replicas=3)
    figure = inequality_figure(result.inequality, metrics=result.metrics)
    titles = [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes]
    assert titles == ["Inequality of attention", "Attention by policy", "Test accuracy"]
    gini_axes, policy_axes, accuracy_axes = figure.axes
    assert [line.get_label() for line in gini_axes.lines] == ["Gini, layer 1", "Gini, layer 2", "share of the top tenth"]
    expected = result.inequality.query("layer == 1 and group == 'all'").groupby("epoch")["gini"].mean()
    assert gini_axes.lines[0].get_ydata() == pytest.approx(expected.to_numpy())
    assert [line.get_label() for line in policy_axes.lines[:2]] == ["attention", "free-rider"]
    assert len(accuracy_axes.collections) == 1  # the interval of three replicas
    assert len(inequality_figure(run(policy="attention").inequality).axes) == 1
    assert result.plot_inequality(tmp_path / "inequality.png").stat().st_size > 10_000


def test_figure_leaves_out_what_has_no_rows():
    result = run(policy="attention")
    table, metrics = result.inequality, result.metrics
    figure = inequality_figure(table, metrics=metrics[:0])
    assert [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes] == ["Inequality of attention"]
    figure = inequality_figure(table[table["layer"] == 1], metrics=metrics)
    assert [len(axes.lines) for axes in figure.axes] == [1, 1]


def test_interventions_are_marked_in_every_figure_of_a_result(monkeypatch, tmp_path):
    result = run(interventions=("1: lesion(layer=1, neurons=0)",), alignment=True)
    drawn = {}
    monkeypatch.setattr("neuronet.training.result.draw", lambda name, data, path, **options: drawn.update({name: options}))
    result.plot(tmp_path / "curves.png")
    result.plot_inequality(tmp_path / "inequality.png")
    result.plot_alignment(tmp_path / "alignment.png")
    marks = [(1.0, str(result.events["what"].iloc[0]))]
    assert {name: options["events"] for name, options in drawn.items()} == dict.fromkeys(
        ("learning-curves", "inequality", "alignment"), marks
    )
    figure = inequality_figure(result.inequality, metrics=result.metrics, events=marks)
    assert [text.get_text() for text in figure.axes[0].texts] == [marks[0][1]]
    assert all(any(list(line.get_xdata()) == [1.0, 1.0] for line in axes.lines) for axes in figure.axes)
