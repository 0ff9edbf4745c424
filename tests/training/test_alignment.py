"""Alignment of updates with error backpropagation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import neuronet as package
from neuronet.core.structure.population import Group, Population
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.environments import Digits, Table
from neuronet.policies import AttentionSeeking, Contrarian, FreeRider, Noisy, RandomFeedback, SignSymmetric
from neuronet.recording.run_directory import ALIGNMENT_COLUMNS, RunDirectory
from neuronet.registry import build_network
from neuronet.training.alignment import Alignment
from neuronet.training.callbacks.recording import SaveCheckpoints
from neuronet.training.config import read_config

MIXED = Population.shares([(AttentionSeeking(), 0.5), (Contrarian(), 0.25), (FreeRider(), 0.25)])


@dataclass(frozen=True)
class Scaled(package.LinearPolicy):
    """Backpropagation with its feedback multiplied."""

    times: float = 3.0

    def feedback_weights(self, obs, memory):
        return self.times * obs.attention


def measured(policies, *, sizes=(64, 16, 12, 10), seeds=(1,), env=None, **options):
    networks = [build_network(sizes, activation="tanh", seed=seed) for seed in seeds]
    resolved = [
        policies.groups(n, seed) if isinstance(policies, Population) else policies
        for n, seed in zip(networks, seeds, strict=True)
    ]
    setups = [Setup(n, layers, seed=seed, **options) for n, layers, seed in zip(networks, resolved, seeds, strict=True)]
    engine = TensorEngine(setups, device="cpu")
    rows = Alignment(setups, env or Digits()).measure(engine.state(), epoch=3)
    return pd.DataFrame(rows).set_index(["layer", "group"]), setups


def test_attention_seeking_equals_backpropagation():
    table, _ = measured(AttentionSeeking())
    assert table.index.tolist() == [(1, "all"), (2, "all"), (3, "all"), (0, "all")]
    assert (table["cosine"] > 1 - 1e-12).all()
    assert np.allclose(table["norm_ratio"], 1, rtol=1e-9)
    assert (table["angle"] < 1e-4).all()
    assert (table["policy"] == "attention").all()
    assert table["neurons"].tolist() == [16, 12, 10, 38]


def test_scaled_and_opposite_feedback_equal_values_by_hand():
    """Each hidden layer multiplies its feedback by three; a contrarian reverses its sign."""
    table, _ = measured((Scaled(), Scaled(), AttentionSeeking()))
    assert np.allclose(table["norm_ratio"].iloc[:3], [9, 3, 1], rtol=1e-9)
    assert (table["cosine"].iloc[:3] > 1 - 1e-12).all()
    table, _ = measured((AttentionSeeking(), Contrarian(), AttentionSeeking()))
    assert np.allclose(table["angle"].iloc[:3], [180, 180, 0], atol=1e-4)
    assert (measured(Contrarian())[0]["cosine"].iloc[:3].round(9) == [1, -1, 1]).all()  # reversed twice


def test_other_learning_rules_have_an_intermediate_cosine():
    for policy, least, most in ((SignSymmetric(), 0.2, 0.999), (RandomFeedback(), -0.5, 0.5)):
        cosine = measured(policy)[0].loc[(2, "all"), "cosine"]
        assert least < cosine < most


def test_groups_are_measured_with_their_share_of_attention():
    table, setups = measured(MIXED, sizes=(64, 16, 10), seeds=(1, 2))
    second = table[table["replica"] == 1]
    assert second.loc[(1, "0"), "cosine"] > 1 - 1e-12
    assert second.loc[(1, "1"), "cosine"] < -1 + 1e-12
    assert np.isnan(second.loc[(1, "2"), "cosine"])
    assert second.loc[(1, "2"), "norm_ratio"] == 0
    assert second.loc[(1, "all"), "policy"] == ""
    assert second.loc[[(1, "0"), (1, "1"), (1, "2")], "policy"].tolist() == ["attention", "contrarian", "free-rider"]
    received = (setups[1].network.weights[1] ** 2).sum(axis=0)
    for number, group in enumerate(setups[1].groups(1)):
        share = received[list(group.members)].sum() / received.sum()
        assert second.loc[(1, str(number)), "attention_share"] == pytest.approx(share, rel=1e-12)
    assert second.loc[(1, "all"), "attention_share"] == pytest.approx(1)
    assert np.isnan(second.loc[(2, "all"), "attention_share"])
    assert second.loc[(0, "0"), "neurons"] == 8 + 10  # the outputs follow the first


def test_layer_zero_joins_the_groups_of_a_policy_in_all_layers():
    groups = ((Group(AttentionSeeking(), (0, 1, 2)), Group(Contrarian(), (3,))), Contrarian(), AttentionSeeking())
    table, _ = measured(groups, sizes=(64, 4, 3, 10))
    assert table.loc[(0, "0"), "policy"] == "attention"
    assert table.loc[(0, "0"), "neurons"] == 3 + 10
    assert table.loc[(0, "1"), "neurons"] == 1 + 3
    assert table.loc[(2, "all"), "policy"] == "contrarian"


def test_silenced_neurons_say_their_mean():
    env = Digits()
    table, (setup,) = measured(MIXED, sizes=(64, 16, 10))
    members = list(setup.groups(1)[1].members)
    network = setup.network
    hidden = np.tanh(env.test.inputs @ network.weights[0].T + network.biases[0])

    def evaluate(said):
        outputs = said @ network.weights[1].T + network.biases[1]
        right = outputs.argmax(axis=1) == env.test.targets
        shifted = outputs - outputs.max(axis=1, keepdims=True)
        chosen = shifted[np.arange(len(outputs)), env.test.targets]
        return right.mean(), (np.log(np.exp(shifted).sum(axis=1)) - chosen).mean()

    silent = hidden.copy()
    silent[:, members] = hidden[:, members].mean(axis=0)
    baseline, without = evaluate(hidden), evaluate(silent)
    assert table.loc[(1, "1"), "accuracy_lost"] == pytest.approx(baseline[0] - without[0], abs=1e-12)
    assert table.loc[(1, "1"), "loss_gained"] == pytest.approx(without[1] - baseline[1], rel=1e-9)
    assert np.isnan(table.loc[(2, "all"), "accuracy_lost"])


def test_real_targets_have_no_accuracy():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 3))
    env = Table(inputs, inputs @ [[1.0], [-1.0], [0.5]])
    table, _ = measured(AttentionSeeking(), sizes=(3, 5, 1), env=env, payoff=env.payoff)
    assert (table["cosine"] > 1 - 1e-12).all()
    assert table["accuracy_lost"].isna().all()
    assert table.loc[(1, "all"), "loss_gained"] != 0


def test_measurement_does_not_change_the_run():
    options = {"policy": "attention:0.5,noisy:0.5", "hidden": [8], "epochs": 3}
    for engine in ("agents", "tensors"):
        plain = package.train("xor", engine=engine, **options)
        measured_run = package.train("xor", engine=engine, alignment=True, **options)
        assert all(np.array_equal(a, b) for a, b in zip(plain.network.weights, measured_run.network.weights, strict=True))
        assert plain.alignment.empty
        assert sorted(measured_run.alignment["epoch"].unique()) == [1, 2, 3]
    assert list(measured_run.alignment.columns) == list(ALIGNMENT_COLUMNS)


def test_memory_enters_the_measurement():
    """A random-feedback matrix of the opposite sign reverses the update."""
    setup = Setup(build_network((64, 16, 10), seed=1), RandomFeedback(), seed=1)
    state = TensorEngine(setup, device="cpu").state()
    ((name, feedback),) = state.layer(1).memories[0].items()
    reversed_state = state.with_layer(1, memories=({name: -feedback},))
    alignment = Alignment([setup], Digits())
    cosine, opposite = (pd.DataFrame(alignment.measure(s, 1)).set_index("layer")["cosine"][1] for s in (state, reversed_state))
    assert 0 < abs(cosine) < 0.9
    assert opposite == pytest.approx(-cosine, abs=1e-12)


@pytest.mark.parametrize("replicas", [1, 2])
def test_resumed_alignment_has_no_duplicate_rows(monkeypatch, tmp_path, replicas):
    policy = Population.shares([(AttentionSeeking(), 0.5), (Noisy(AttentionSeeking(), sigma=0.2), 0.5)])
    options = {"hidden": [6], "epochs": 4, "alignment": True, "replicas": replicas, "checkpoint_every": 2}
    whole = package.train("xor", policy=policy, **options)
    save = SaveCheckpoints.on_epoch_end

    def save_and_fail(self, run):
        save(self, run)
        if run.epoch == 3:
            raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(SaveCheckpoints, "on_epoch_end", save_and_fail)
        with pytest.raises(RuntimeError):
            package.train("xor", policy=policy, out=tmp_path, **options)
    assert sorted(RunDirectory.open(tmp_path, read_config).table("alignment.csv")["epoch"].unique()) == [1, 2, 3]
    with (tmp_path / "alignment.csv").open("a") as file:
        file.write("4,28,0,1,al")
    resumed = package.resume(tmp_path)
    for table in (resumed.alignment, RunDirectory.open(tmp_path, read_config).table("alignment.csv")):
        pd.testing.assert_frame_equal(table, whole.alignment, check_exact=True, check_dtype=False)


def test_command_line_writes_the_alignment(neuronet, tmp_path):
    completed = neuronet("run", "xor", "--epochs", "2", "--hidden", "4,4", "--alignment", "--out", "here", "--json")
    assert completed.status == 0, completed.err
    assert {"alignment.csv", "alignment.png"} <= {path.name for path in (tmp_path / "here").iterdir()}
    assert (pd.read_csv(tmp_path / "here" / "alignment.csv")["cosine"] > 1 - 1e-9).all()
