"""The tensor engine on a GPU: equal numbers, and rounds without host synchronisation. `pytest -m gpu` runs only these."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest
import torch

import neuronet
from neuronet.core.learning.optimizers import Adam, Momentum
from neuronet.engines.base import Setup
from neuronet.engines.parity import compare
from neuronet.engines.tensors import TensorEngine
from neuronet.policies import POLICIES, AttentionSeeking, BestResponse, Noisy
from neuronet.registry import build_network
from tests.helpers import toys
from tests.helpers.engine_fixtures import BATCH, SAMPLES, feasible_wiring, game, max_difference
from tests.helpers.paths import ROOT
from tests.helpers.workers import two_workers

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

SHIPPED = [cls() for cls in POLICIES.values()]
ORDER = np.arange(2 * BATCH + 2)
"""Three rounds, the last of them shorter."""


@contextmanager
def assert_no_device_sync():
    """Raise an error wherever the host would wait for the GPU."""
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("policy", [*SHIPPED, *toys.SHIPPED, *toys.TOYS], ids=repr)
def test_gpu_agrees_with_agents(policy, digits):
    network = build_network((64, 12, 8, 10), connectivity=feasible_wiring("sparse(0.5)", policy), activation="tanh", seed=13)
    setup = Setup(network, policy, learning_rate=0.1, seed=13)
    assert compare(setup, digits, rounds=50, device="cuda").largest <= 1e-9
    assert compare(setup, digits, rounds=50, resync=True, device="cuda").largest <= 1e-12


@pytest.mark.parametrize("optimizer", [Momentum(), Adam(epsilon=1e-4)], ids=repr)
@pytest.mark.parametrize("policy", [AttentionSeeking(p=3, foresight=1), Noisy(), toys.Saver()], ids=repr)
def test_replicas_agree_with_cpu(policy, optimizer):
    setups = [
        game(policy, connectivity="sparse(0.5)", seed=seed, learning_rate=seed / 100, optimizer=optimizer) for seed in (1, 2, 3)
    ]
    here, there = (TensorEngine(setups, device=device) for device in ("cpu", "cuda"))
    losses = [engine.play_rounds(engine.prepare(SAMPLES), ORDER, BATCH).cpu() for engine in (here, there)]
    torch.testing.assert_close(*losses, rtol=0, atol=1e-10)
    assert max_difference(here.state(), there.state()) <= 1e-10


def play_without_device_sync(policy, **options):
    engine = TensorEngine(game(policy, **{"connectivity": "sparse(0.5)", **options}), device="cuda")
    held = engine.prepare(SAMPLES)
    engine.play_rounds(held, ORDER, BATCH)  # loads kernels and allocates buffers
    with assert_no_device_sync():
        return engine.play_rounds(held, ORDER, BATCH)


@pytest.mark.parametrize(
    "policy",
    [policy for policy in (*SHIPPED, *toys.TOYS) if not isinstance(policy, BestResponse)],  # an SVD waits, as torch documents
    ids=repr,
)
def test_rounds_do_not_synchronise(policy):
    losses = play_without_device_sync(policy)
    assert losses.device.type == "cuda"
    assert losses.shape == (3,)
    assert torch.isfinite(losses).all()


@pytest.mark.parametrize("optimizer", [Momentum(), Adam()], ids=repr)
@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "sigmoid", "gelu", "identity"])
def test_activations_and_optimizers_do_not_synchronise(activation, optimizer):
    assert torch.isfinite(
        play_without_device_sync(AttentionSeeking(), activation=activation, optimizer=optimizer, connectivity="dense")
    ).all()


@dataclass(frozen=True)
class AsksForItem(toys.Backprop):
    """Reads a number."""

    def feedback_weights(self, obs, memory):
        return obs.attention * obs.attention.sum().item()


def test_synchronisation_is_detected():
    with pytest.raises(RuntimeError, match="synchronizing CUDA operation"):
        play_without_device_sync(AsksForItem())


@pytest.mark.parametrize(("matmul", "bits"), [("high", 10), ("medium", 7)])
def test_matmul_precision_is_as_documented(matmul, bits):
    """What the outputs differ by in root mean square, with factors rounded to so many bits after the first."""
    network = build_network((1024, 512), activation="identity", seed=1)
    setup = Setup(network, AttentionSeeking(), dtype="float32")
    inputs = np.random.default_rng(2).standard_normal((256, 1024))
    exact = TensorEngine(setup, device="cuda").outputs(inputs).double()
    rough = TensorEngine(setup, device="cuda", matmul=matmul).outputs(inputs).double()
    assert float((rough - exact).square().mean().sqrt() / exact.square().mean().sqrt()) < 2.0**-bits
    assert torch.get_float32_matmul_precision() == "highest"


def test_training_on_gpu(tmp_path):
    result = neuronet.train("digits", device="cuda", dtype="float32", matmul="high", epochs=3, out=tmp_path / "run")
    assert result.config.device == "cuda"
    assert result.accuracy > 0.9


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")
def test_two_gpus_agree_with_one(tmp_path):
    script = [str(ROOT / "tests" / "engines" / "tensors" / "shard_process.py"), "cuda", str(tmp_path / "run")]
    with two_workers(*script, path=str(ROOT)) as process:
        out, err = process.communicate(timeout=280)
    assert process.returncode == 0, err
    far = {name: gap for name, gap in json.loads(out).items() if not gap <= (1e-4 if name.startswith("single") else 1e-9)}
    assert far == {}
