"""Products by oneDNN are those by torch's own way, to single precision."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neuronet.core.environment import Samples
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.engines.tensors.kernels import matmul
from neuronet.engines.tensors.kernels.matmul import MIN_ONEDNN_WEIGHTS, MIN_ONEDNN_WORK, MatmulBackend, _linear
from neuronet.policies import AttentionSeeking
from neuronet.registry import build_network
from tests.helpers.engine_fixtures import max_difference

LIKE = torch.zeros(1)
BATCH, SPEAKERS, NEURONS, LISTENERS = 128, 200, 100, 60


def products(monkeypatch_linear):
    found = MatmulBackend((), MIN_ONEDNN_WORK // MIN_ONEDNN_WEIGHTS, MIN_ONEDNN_WEIGHTS, LIKE)
    found._linear = monkeypatch_linear
    return found


@pytest.fixture
def linear():
    """oneDNN's product wherever torch has it, quick or not."""
    if not torch.backends.mkldnn.is_available():
        pytest.skip("this build of torch has no oneDNN")
    return torch.ops.mkldnn._linear_pointwise.default


def random(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(len(shape)))


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_both_back_ends_agree(linear, decay):
    one, other = products(None), products(linear)
    heard, weights, bias = random(BATCH, SPEAKERS), random(NEURONS, SPEAKERS), random(NEURONS, 1)[:, 0]
    demand, feedback_weights, back = random(BATCH, LISTENERS), random(LISTENERS, NEURONS), random(BATCH, NEURONS)
    room = torch.empty(BATCH, NEURONS)
    torch.testing.assert_close(
        one.potential(heard, weights, bias, room), other.potential(heard, weights, bias, room), rtol=1e-5, atol=1e-4
    )
    torch.testing.assert_close(
        one.feedback(demand, feedback_weights, room), other.feedback(demand, feedback_weights, room), rtol=1e-5, atol=1e-4
    )
    results = []
    for each in (one, other):
        into = random(NEURONS, SPEAKERS)
        each.respond(back, heard, into, decay)
        results.append(into)
    torch.testing.assert_close(*results, rtol=1e-5, atol=1e-5)
    expected = decay * random(NEURONS, SPEAKERS) + back.T @ heard / BATCH
    torch.testing.assert_close(results[0], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "lead, batch, weights, like",
    [
        ((2,), 200, MIN_ONEDNN_WEIGHTS, LIKE),
        ((), 199, MIN_ONEDNN_WEIGHTS, LIKE),
        ((), 10**6, MIN_ONEDNN_WEIGHTS - 1, LIKE),
        ((), 200, MIN_ONEDNN_WEIGHTS, LIKE.double()),
    ],
    ids=["replicas", "small", "few weights", "double"],
)
def test_torch_is_used_where_onednn_is_unavailable(lead, batch, weights, like):
    assert MatmulBackend(lead, batch, weights, like)._linear is None


def test_back_end_depends_on_the_processor():
    assert MatmulBackend((), MIN_ONEDNN_WORK // MIN_ONEDNN_WEIGHTS, MIN_ONEDNN_WEIGHTS, LIKE)._linear is _linear()


@pytest.mark.parametrize(
    "processor",
    [
        {"architecture": "x86_64", "avx512_f": False, "cpu_name": "AMD"},
        {"architecture": "aarch64", "avx512_f": True, "cpu_name": "AMD"},
        {"architecture": "x86_64", "avx512_f": True, "cpu_name": "Intel(R) Xeon(R)"},
        {},
    ],
    ids=["narrow", "other architecture", "intel", "unknown"],
)
def test_onednn_is_for_wide_processors_of_other_makers_only(processor, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: processor, raising=False)
    assert _linear.__wrapped__() is None


@pytest.mark.parametrize("sizes", [(6, 5, 3), (2, 1, 2), (1, 3, 1)], ids=str)
@pytest.mark.parametrize("activation", ["leaky-relu", "relu"])  # the second is played by fused rounds
def test_many_rounds_by_onednn_equal_those_by_torch(linear, monkeypatch, sizes, activation):
    network = build_network(sizes, activation=activation, seed=1)
    setup = Setup(network, AttentionSeeking(), learning_rate=0.05, dtype="float32")
    samples = Samples(random(12, sizes[0]).numpy(), np.arange(12) % sizes[-1])
    engines = [TensorEngine(setup, device="cpu")]
    for name, value in {"_linear": lambda: linear, "MIN_ONEDNN_WORK": 0, "MIN_ONEDNN_WEIGHTS": 0}.items():
        monkeypatch.setattr(matmul, name, value)
    engines.append(TensorEngine(setup, device="cpu"))
    losses = [engine.play_rounds(engine.prepare(samples), np.arange(12), 5) for engine in engines]
    torch.testing.assert_close(*losses, rtol=1e-5, atol=1e-5)
    assert max_difference(*(engine.state() for engine in engines)) <= 1e-5
