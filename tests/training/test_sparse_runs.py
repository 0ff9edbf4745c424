"""Runs of sparse networks: recorded, resumed, traced, changed, saved and drawn as other runs are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from matplotlib.text import Text

from neuronet import AttentionSeeking, Model, Setup, TensorEngine, build_network, load, resume, train
from neuronet.core import ConfigurationError, Pattern, to_dense, to_sparse
from neuronet.engines.base import to_dense_state
from neuronet.interventions import Intervention, apply_intervention, parse_intervention
from neuronet.plotting.network.model import received_attention
from neuronet.plotting.network.page import network_figure
from neuronet.plotting.receptive_fields import receptive_fields_figure
from neuronet.recording import traces
from tests.interventions.fixtures import game, play
from tests.interventions.test_every_intervention import EXAMPLES, PREPARED

OPTIONS = {"hidden": (600, 600), "connectivity": "fixed-in-degree(5)", "engine": "tensors", "seed": 1}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sparse") / "run"
    changes = ["round 20: freeze(layer=1, share=0.2)", "round 30: rewire(layer=2, fraction=0.4)"]
    return train("digits", epochs=2, out=folder, trace="hidden:4 every 10", interventions=changes, **OPTIONS)


def test_a_large_network_of_few_connections_is_sparse_and_learns(run):
    assert run.network.is_sparse
    assert run.network.connections == 5 * (600 + 600 + 10)
    assert run.network.patterns[1].in_degrees.min() >= 1
    assert run.metrics["test_accuracy"].iloc[-1] > 0.3


def test_a_resumed_run_equals_an_unbroken_one(run, tmp_path):
    changes = run.config.interventions
    train("digits", epochs=1, out=tmp_path / "run", interventions=changes, **OPTIONS)
    resumed = resume(tmp_path / "run", epochs=2)
    for ours, theirs in zip(resumed.network.arrays, run.network.arrays, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_traces_measure_the_attention_of_sparse_neurons(run):
    frame = traces(run.folder)
    last = frame[frame["round"] == frame["round"].max()]
    assert len(last) and np.isfinite(last[["attention", "paid", "change"]].to_numpy()).all()


def test_a_model_keeps_its_connections(run, tmp_path):
    model = load(run.folder)
    assert isinstance(model, Model) and model.network.is_sparse
    again = load(model.save(tmp_path / "model.safetensors"))
    for ours, theirs in zip(again.network.arrays, run.network.arrays, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_replicas_are_played_with_matrices():
    result = train("digits", epochs=1, replicas=2, **OPTIONS)
    assert not result.network.is_sparse


def test_replicas_of_a_large_network_are_refused():
    with pytest.raises(ConfigurationError, match="seeds = 2"):
        train("digits", epochs=1, replicas=2, **{**OPTIONS, "hidden": (5000, 5000)})


def test_received_attention_is_that_of_the_matrices():
    network = build_network((6, 5, 4), connectivity="sparse(0.5)", layout="sparse")
    for layer in range(3):
        np.testing.assert_allclose(received_attention(network, layer), received_attention(to_dense(network), layer))


def test_parts_of_a_sparse_layer_are_those_of_its_matrix():
    network = build_network((6, 5, 4), connectivity="sparse(0.5)", layout="sparse")
    for layer, *part in ((1, [3, 1]), (2, slice(None), [4]), (2, [0, 2], [1, 4, 0])):
        ours, theirs = network.layer_part(layer, *part), to_dense(network).layer_part(layer, *part)
        for array, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(array, other)
        assert network.layer_connections(layer) == to_dense(network).layer_connections(layer)


@pytest.mark.parametrize("selected", [None, (1, 17), (2, 4999)])
def test_figures_of_a_network_that_is_too_large_for_matrices_are_drawn(selected, monkeypatch):
    network = build_network((64, 5000, 5000, 10), connectivity="fixed-in-degree(5)")
    monkeypatch.setattr(Pattern, "matrix", None)
    figure = network_figure(network, shape=(8, 8), selected=selected)
    texts = " ".join(text.get_text() for text in figure.findobj(Text))
    assert "of 25,000" in texts
    assert receptive_fields_figure(network, shape=(8, 8)).axes


@pytest.mark.parametrize("name", EXAMPLES)
def test_interventions_change_a_sparse_network_as_a_dense_one(name):
    setup = game()
    engines = [TensorEngine(replace(setup, network=layout(setup.network)), device="cpu") for layout in (to_sparse, to_dense)]
    for engine in engines:
        play(engine, 2)
        if name in PREPARED:
            apply_intervention(engine, parse_intervention(PREPARED[name]))
        apply_intervention(engine, parse_intervention(EXAMPLES[name]))
        play(engine, 3)
    sparse, full = engines
    assert sparse.setup.network.is_sparse
    ours, theirs = to_dense_state(sparse.state(), sparse.setup).to_arrays(), full.state().to_arrays()
    assert ours.keys() == theirs.keys()
    for array, name_of in ((ours[key], key) for key in ours if "group" not in key):
        np.testing.assert_allclose(array, theirs[name_of], atol=1e-9)


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - {"add_layer"}))
def test_interventions_change_a_layer_that_is_too_large_for_matrices(name):
    network = build_network((8, 5000, 5000, 3), connectivity="fixed-in-degree(3)", layout="sparse")
    engine = TensorEngine(Setup(network, AttentionSeeking(), dtype="float32"), device="cpu")
    heard = network.patterns[0].columns[: network.patterns[0].starts[1]].tolist()  # by neuron 0, whose pairs the examples change
    given = {"connect": f"connect(layer=1, pairs=[[0, {min(set(range(8)) - set(heard))}]])"}
    given["disconnect"] = f"disconnect(layer=1, pairs=[[0, {heard[0]}]])"
    for spec in (PREPARED.get(name), given.get(name, EXAMPLES[name])):
        if spec:
            assert apply_intervention(engine, parse_intervention(spec)).nodes
    assert repr(network) == "SparseNetwork(8-5000-5000-3, 30,009 connections)"
    assert engine.network().connections == pytest.approx(network.connections, abs=4 * 5000)


def test_a_full_layer_in_a_large_sparse_network_is_refused():
    network = build_network((8, 5000, 5000, 3), connectivity="fixed-in-degree(3)")
    engine = TensorEngine(Setup(network, AttentionSeeking(), dtype="float32"), device="cpu")
    with pytest.raises(ConfigurationError, match="25,000,000 connections"):
        apply_intervention(engine, parse_intervention("add_layer(after=1)"))


@dataclass(frozen=True)
class Halve(Intervention):
    """An intervention of one's own, which expects matrices."""

    name = "halve"

    def apply(self, setup, state):
        weights = state.layer(2).weights
        return setup, state.with_layer(2, weights=weights * np.full((1, weights.shape[1]), 0.5)), (1,)


def test_an_own_intervention_gets_matrices():
    setup = game()
    sparse = TensorEngine(replace(setup, network=to_sparse(setup.network)), device="cpu")
    before = sparse.network().values[1]
    apply_intervention(sparse, Halve())
    np.testing.assert_array_equal(sparse.network().values[1], before / 2)


def test_alignment_and_inequality_are_measured(tmp_path):
    result = train("digits", epochs=1, alignment=True, inequality=True, out=tmp_path / "run", **OPTIONS)
    assert result.alignment["cosine"].iloc[-1] == pytest.approx(1.0, abs=1e-9)  # attention-seeking is error backpropagation
    assert 0 < result.inequality["gini"].iloc[-1] < 1


def test_figures_of_a_sparse_run_are_drawn(run, neuronet):
    answer = neuronet("plot", run.folder, "--out", "figures", "--format", "png")
    assert answer.status == 0, answer.err
    assert "network" in answer.out


def test_the_command_line_says_the_layout(neuronet):
    options = ["--hidden", "600,600", "--connectivity", "scale-free(5)", "--engine", "tensors", "--epochs", "1"]
    answer = neuronet("run", "digits", *options)
    assert answer.status == 0, answer.err
    assert "sparse layout" in answer.out
