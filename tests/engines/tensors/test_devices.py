"""Where and how exactly the tensor engine computes: what can be seen without a GPU."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

import neuronet
from neuronet.core.errors import ConfigurationError, NeuroNetError
from neuronet.engines.tensors import TensorEngine, resolve_device, tensor_engine
from neuronet.engines.tensors.kernels import device
from neuronet.policies import AttentionSeeking
from tests.helpers import toys
from tests.helpers.engine_fixtures import BATCH, SAMPLES, game


@dataclass(frozen=True)
class Noting(toys.Backprop):
    """Notes how exactly matrices are multiplied in its round."""

    notes: tuple = ([],)

    def feedback_weights(self, obs, memory):
        self.notes[0].append(torch.get_float32_matmul_precision())
        return obs.attention


@pytest.mark.parametrize("matmul", ["highest", "high", "medium"])
def test_matmul_precision_applies_within_rounds_only(matmul):
    policy = Noting(([],))
    setups = [game(policy, dtype="float32", seed=seed) for seed in (1, 2)]
    for engine in (
        TensorEngine(setups[0], device="cpu", matmul=matmul),
        tensor_engine(setups, 10**6, device="cpu", matmul=matmul),
    ):
        engine.play_rounds(engine.prepare(SAMPLES), np.arange(BATCH), BATCH)
        engine.play(SAMPLES.inputs, SAMPLES.targets)
        assert torch.get_float32_matmul_precision() == "highest"
    assert set(policy.notes[0]) == {matmul}


def test_failed_round_restores_the_settings_of_torch():
    engine = TensorEngine(game(toys.Backprop(), dtype="float32"), device="cpu", matmul="medium")
    with pytest.raises(IndexError):
        engine.play_rounds(engine.prepare(SAMPLES), np.array([10**6]), 1)
    assert torch.get_float32_matmul_precision() == "highest"


def test_unknown_precision_is_refused():
    with pytest.raises(NeuroNetError, match="matmul must be highest, high or medium, got 'low'"):
        TensorEngine(game(toys.Backprop()), device="cpu", matmul="low")


def choice(**options):
    return neuronet.train("xor", epochs=1, hidden=4, **options).config


def test_matmul_precision_selects_the_tensor_engine_in_single_precision():
    chosen = choice(matmul="high")
    assert (chosen.engine, chosen.dtype, chosen.matmul) == ("tensors", "float32", "high")
    chosen = choice()
    assert (chosen.engine, chosen.dtype, chosen.matmul) == ("agents", "float64", "highest")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"engine": "agents"}, "the agent engine needs matmul highest, got matmul high: use engine tensors"),
        ({"dtype": "float64"}, "matmul 'high' needs dtype float32, got float64: leave one of them out"),
    ],
)
def test_precision_without_effect_is_refused(options, sentence):
    with pytest.raises(NeuroNetError, match=sentence):
        choice(matmul="high", **options)


def test_missing_kind_of_device_is_refused(monkeypatch):
    monkeypatch.setitem(device.DEVICE_COUNTS, "mps", lambda: 0)
    with pytest.raises(ConfigurationError, match="'mps' is not available"):
        resolve_device("mps")
    monkeypatch.setitem(device.DEVICE_COUNTS, "mps", lambda: 1)
    assert resolve_device("mps") == "mps"


def test_transfers_to_the_cpu_do_not_copy():
    host = torch.ones(3)
    assert device.to_device(host, "cpu") is host


def test_transfers_to_a_gpu_are_pinned_and_asynchronous(monkeypatch):
    asked = []
    host = torch.ones(3)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: asked.append("pinned") or self)
    monkeypatch.setattr(torch.Tensor, "to", lambda self, where, non_blocking: asked.append((where, non_blocking)) or self)
    device.to_device(host, "cuda:1")
    assert asked == ["pinned", ("cuda:1", True)]


def test_device_may_have_an_index():
    engine = TensorEngine(game(AttentionSeeking()), device="cpu:0")
    assert engine.device == "cpu:0"
