from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import neuronet
from neuronet.core.data.batches import Batches
from neuronet.core.errors import DivergedError
from neuronet.execution.signals import Interrupted
from neuronet.recording.run_directory import RunDirectory
from neuronet.registry import parse_environment
from neuronet.training.callbacks.recording import RecordMetrics
from neuronet.training.callbacks.rounds import StopOnRequest
from neuronet.training.config import read_config


@dataclass(frozen=True)
class HalfFeedback(neuronet.LinearPolicy):
    """Backpropagation with scaled feedback."""

    share: float = 0.5

    def feedback_weights(self, obs, memory):
        return self.share * obs.attention


def weights_equal(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a.weights, b.weights, strict=True))


def test_digits_are_learnt_in_one_call():
    result = neuronet.train("digits", policy="attention", hidden=[32], epochs=10)
    assert result.accuracy > 0.95
    assert result.rounds == 450
    assert list(result.metrics["epoch"]) == list(range(1, 11))
    assert result.network.sizes == (64, 32, 10)
    assert result.folder is None


@pytest.mark.parametrize("engine", ["agents", "tensors"])
def test_same_seed_gives_the_same_run(engine):
    runs = [neuronet.train("xor", policy="noisy", hidden=[6], epochs=3, engine=engine, seed=4) for _ in range(2)]
    assert weights_equal(runs[0].network, runs[1].network)
    other = neuronet.train("xor", policy="noisy", hidden=[6], epochs=3, engine=engine, seed=5)
    assert not weights_equal(runs[0].network, other.network)


def test_engines_agree_in_train():
    runs = [neuronet.train("digits", policy="noisy", hidden=[16], epochs=2, engine=name) for name in ("agents", "tensors")]
    gaps = [np.abs(a - b).max() for a, b in zip(runs[0].network.weights, runs[1].network.weights, strict=True)]
    assert max(gaps) < 1e-9
    assert runs[0].accuracy == runs[1].accuracy


def test_custom_policy_by_instance_equals_one_by_name():
    by_instance = neuronet.train("xor", policy=HalfFeedback(0.25), hidden=[8], epochs=2)
    by_name = neuronet.train("xor", policy=f"{__name__}:HalfFeedback(0.25)", hidden=[8], epochs=2)
    assert weights_equal(by_instance.network, by_name.network)
    assert by_instance.config.model_dump()["policy"] == f"{__name__}:HalfFeedback(share=0.25)"


def test_policy_for_each_layer():
    result = neuronet.train("xor", policy=["greedy", neuronet.Noisy(sigma=0.1), "attention"], hidden=[8, 8], epochs=2)
    assert result.config.model_dump()["policy"][0] == "greedy"
    with pytest.raises(neuronet.NeuroNetError, match="2 listening layers"):
        neuronet.train("xor", policy=["greedy"] * 3, hidden=[8])


def test_arrays_with_real_targets_are_a_regression():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(200, 3))
    result = neuronet.train((inputs, inputs @ [1.0, -2.0, 0.5]), hidden=[], epochs=30, learning_rate=0.05)
    assert result.accuracy is None
    assert result.loss < 1e-6
    assert result.summary()["accuracy"] is None


def test_network_from_a_graph_keeps_its_edges(tmp_path):
    graph = nx.DiGraph()
    graph.add_nodes_from([10, 11], layer=0)
    graph.add_nodes_from(range(20, 28), layer=1, activation="tanh")
    graph.add_nodes_from([30, 31], layer=2)
    graph.add_edges_from((10 + n % 2, n) for n in range(20, 28))
    graph.add_edges_from((11 - n % 2, n) for n in range(20, 24))
    graph.add_edges_from((n, 30 + m) for n in range(20, 28) for m in range(2))
    network = neuronet.from_graph(graph, seed=3)
    whole = neuronet.train("xor", network=network, epochs=6, lr_schedule="constant", out=tmp_path / "whole")
    trained = neuronet.to_graph(whole.network)
    assert set(trained.edges) == set(graph.edges)
    neuronet.train("xor", network=network, epochs=3, lr_schedule="constant", out=tmp_path / "parts")
    assert weights_equal(neuronet.resume(tmp_path / "parts", epochs=6).network, whole.network)


def test_replicas_equal_single_runs():
    several = neuronet.train("xor", policy="noisy", connectivity="sparse(0.5)", hidden=[9], epochs=3, replicas=3, seed=7)
    assert len(several.summary()["replicas"]) == 3
    for index in range(3):
        single = neuronet.train(
            "xor", policy="noisy", connectivity="sparse(0.5)", hidden=[9], epochs=3, seed=7 + index, engine="tensors"
        )
        gaps = [np.abs(a - b).max() for a, b in zip(several.networks[index].weights, single.network.weights, strict=True)]
        assert max(gaps) < 1e-12
        assert several.summary()["replicas"][index]["accuracy"] == single.accuracy


@pytest.mark.parametrize("options", [{"engine": "agents"}, {"engine": "tensors"}, {"replicas": 2}], ids=str)
@pytest.mark.parametrize("at", [0, 1, 10, 17])
def test_interrupted_between_any_two_rounds(monkeypatch, tmp_path, options, at):
    arguments = {"policy": "noisy", "hidden": [5], "epochs": 4, "optimizer": "adam", **options}
    whole = neuronet.train("xor", **arguments)
    check, rounds = StopOnRequest.before_rounds, count()

    def request_and_check(self, run):
        self.interruption.requested = next(rounds) == at
        check(self, run)

    with monkeypatch.context() as patch:
        patch.setattr(StopOnRequest, "before_rounds", request_and_check)
        patch.setattr("neuronet.training.callbacks.rounds.INTERRUPT_CHECK_SECONDS", 0.0)  # check after every round
        with pytest.raises(Interrupted) as stop:
            neuronet.train("xor", out=tmp_path, **arguments)
    assert stop.value.result.rounds == at
    assert len(stop.value.result.metrics) == at // 7 * len(whole.networks)
    resumed = neuronet.resume(tmp_path)
    for ours, theirs in zip(resumed.networks, whole.networks, strict=True):
        assert weights_equal(ours, theirs)
    pd.testing.assert_frame_equal(
        resumed.metrics.drop(columns="seconds"), whole.metrics.drop(columns="seconds"), check_exact=True
    )


def test_extended_run_equals_a_longer_run(tmp_path):
    neuronet.train("xor", hidden=[5], epochs=2, lr_schedule="constant", out=tmp_path)
    longer = neuronet.resume(tmp_path, epochs=5)
    assert weights_equal(longer.network, neuronet.train("xor", hidden=[5], epochs=5, lr_schedule="constant").network)
    assert json.loads((tmp_path / "config.json").read_text())["epochs"] == 5
    with pytest.raises(neuronet.NeuroNetError, match="at least the 5 played"):
        neuronet.resume(tmp_path, epochs=4)


def test_extended_run_logs_the_change_of_the_schedule(tmp_path):
    lines = []
    neuronet.train("xor", hidden=[5], epochs=2, out=tmp_path)
    neuronet.resume(tmp_path, epochs=4, log=lines.append)
    assert "as in a run of 4 epochs" in lines[-1]
    lines.clear()
    neuronet.resume(tmp_path, epochs=4, log=lines.append)
    assert len(lines) == 1


def test_lr_schedule_scales_the_learning_rate_of_each_epoch():
    """A linear schedule of two epochs equals two epochs by hand, the second with half the learning rate."""
    env, rate = parse_environment("xor"), 0.1
    run = neuronet.train("xor", hidden=[5], epochs=2, learning_rate=rate, optimizer="sgd", engine="tensors")
    setup = neuronet.Setup(neuronet.build_network([2, 5, 2], seed=0), neuronet.AttentionSeeking(), learning_rate=rate)
    engine = neuronet.TensorEngine(setup, device="cpu")
    batches, held = Batches(len(env.train), 32, (0,)), engine.prepare(env.train)
    for epoch in range(2):
        engine.play_rounds(held, batches.order(epoch), 32)
        half = neuronet.Setup(engine.network(), neuronet.AttentionSeeking(), learning_rate=rate / 2)
        engine = neuronet.TensorEngine(half, device="cpu")
    assert weights_equal(run.network, engine.network())


def test_resume_repairs_metrics_with_a_truncated_line(tmp_path):
    whole = neuronet.train("xor", hidden=[5], epochs=4, lr_schedule="constant")
    neuronet.train("xor", hidden=[5], epochs=2, lr_schedule="constant", out=tmp_path)
    with (tmp_path / "metrics.csv").open("a") as file:
        file.write("3,21,0,0.3")
    resumed = neuronet.resume(tmp_path, epochs=4)
    on_disk = RunDirectory.open(tmp_path, read_config).table("metrics.csv")
    assert weights_equal(resumed.network, whole.network)
    for metrics in (resumed.metrics, on_disk):
        pd.testing.assert_frame_equal(metrics.drop(columns="seconds"), whole.metrics.drop(columns="seconds"), check_exact=True)


def test_resume_says_the_notes_on_the_samples(tmp_path):
    rows = "\n".join(f"{number},{number % 3},{'ab'[number % 2]}" for number in range(30))
    (tmp_path / "pets.csv").write_text(f"size,age,class\n{rows}\n", encoding="utf-8")
    first, again = [], []
    neuronet.train(f"table:{tmp_path / 'pets.csv'}", hidden=3, epochs=1, out=tmp_path / "run", log=first.append)
    neuronet.resume(tmp_path / "run", epochs=2, log=again.append)
    said = [line for line in first if "class" in line and "target" in line.lower()]
    assert said
    assert set(said) <= set(again)


def test_resume_of_arrays_needs_the_arrays(tmp_path):
    inputs = np.random.default_rng(1).normal(size=(60, 2))
    env = (inputs, (inputs[:, 0] > 0).astype(int))
    whole = neuronet.train(env, hidden=[4], epochs=4, lr_schedule="constant")
    neuronet.train(env, hidden=[4], epochs=2, lr_schedule="constant", out=tmp_path)
    with pytest.raises(neuronet.NeuroNetError, match="environment=\\(inputs, targets\\)"):
        neuronet.resume(tmp_path)
    assert weights_equal(neuronet.resume(tmp_path, epochs=4, environment=env).network, whole.network)


def test_invalid_arguments_are_refused():
    with pytest.raises(neuronet.NeuroNetError, match="'epoch'"):
        neuronet.train("xor", epoch=3)
    with pytest.raises(neuronet.NeuroNetError, match="got int"):
        neuronet.train(3)
    with pytest.raises(neuronet.NeuroNetError, match="64 and 10"):
        neuronet.train("digits", network=neuronet.build_network([2, 3, 2]))


def test_interrupted_diverged_run_keeps_the_last_checkpoint(monkeypatch, tmp_path):
    neuronet.train("xor", hidden=[5], epochs=1, out=tmp_path)
    before = (tmp_path / "checkpoint.safetensors").read_bytes()

    def diverge(self, run, losses):
        self.loss_sum = self.loss_sum * np.nan

    def request(self, run, losses):
        self.interruption.requested = True

    monkeypatch.setattr(RecordMetrics, "after_rounds", diverge)
    monkeypatch.setattr(StopOnRequest, "after_rounds", request)
    with pytest.raises(DivergedError, match="no longer a number in epoch 2"):
        neuronet.resume(tmp_path, epochs=3)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before
