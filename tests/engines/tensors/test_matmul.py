"""Products by oneDNN are those by torch's own way, to single precision."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neuronet.core.environment import Samples
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.engines.tensors.kernels import matmul
from neuronet.engines.tensors.kernels.matmul import ANY_PROCESSOR, MatmulBackend, products_of_machine
from neuronet.engines.tensors.kernels.processor import family_of
from neuronet.engines.tensors.kernels.product_table import PRODUCT_TABLE, ProductRow
from neuronet.policies import AttentionSeeking
from neuronet.registry import build_network
from tests.helpers.engine_fixtures import max_difference

LIKE = torch.zeros(1)
WORK, WEIGHTS = ANY_PROCESSOR.min_work, ANY_PROCESSOR.min_weights
BATCH, SPEAKERS, NEURONS, LISTENERS = 128, 200, 100, 60


def products(monkeypatch_linear):
    found = MatmulBackend((), WORK // WEIGHTS, WEIGHTS, LIKE)
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
    [((2,), 200, WEIGHTS, LIKE), ((), 199, WEIGHTS, LIKE), ((), 10**6, WEIGHTS - 1, LIKE), ((), 200, WEIGHTS, LIKE.double())],
    ids=["replicas", "small", "few weights", "double"],
)
def test_torch_is_used_where_onednn_does_not_pay(lead, batch, weights, like, linear, monkeypatch):
    monkeypatch.setattr(matmul, "processor_family", lambda: "other")
    assert MatmulBackend(lead, batch, weights, like, "onednn").is_native
    assert not MatmulBackend((), WORK // WEIGHTS, WEIGHTS, LIKE, "onednn").is_native
    assert MatmulBackend((), WORK // WEIGHTS, WEIGHTS, LIKE, "torch").is_native


@pytest.mark.parametrize("row", [ProductRow(None, 0, "known"), ProductRow(5, 0, "measured"), None])
def test_products_are_those_of_the_table(row, linear, monkeypatch):
    monkeypatch.setattr(matmul, "processor_family", lambda: "some")
    monkeypatch.setattr(matmul, "PRODUCT_TABLE", {} if row is None else {"some": row})
    expected = "onednn" if row is not None and row.min_work is not None else "torch"
    assert products_of_machine() == expected
    setup = Setup(build_network((6, 5, 3), seed=1), AttentionSeeking(), dtype="float32")
    assert TensorEngine(setup, device="cpu").products == expected
    assert TensorEngine(setup, device="cpu", kernels="onednn").products == "onednn"
    assert TensorEngine(setup, device="cpu", kernels="torch").products == "torch"


def test_rows_of_the_table_are_measured_or_known():
    assert {row.basis for row in PRODUCT_TABLE.values()} <= {"measured", "known"}


@pytest.mark.parametrize(
    "architecture, vendor, family, model, expected",
    [
        ("x86_64", "AuthenticAMD", "25", "1", "amd zen 3"),
        ("x86_64", "AuthenticAMD", "25", "17", "amd zen 4"),
        ("x86_64", "AuthenticAMD", "25", "97", "amd zen 4"),
        ("x86_64", "AuthenticAMD", "26", "2", "amd zen 5"),
        ("x86_64", "AuthenticAMD", "23", "49", "other"),
        ("x86_64", "AuthenticAMD", "", "unknown", "other"),
        ("x86_64", "GenuineIntel", "6", "143", "intel"),
        ("aarch64", "", "", "", "arm"),
        ("arm64", "", "", "", "arm"),
        ("riscv64", "", "", "", "other"),
    ],
)
def test_family_of_a_processor(architecture, vendor, family, model, expected):
    assert family_of(architecture, {"vendor_id": vendor, "cpu family": family, "model": model}) == expected
    assert family_of("x86_64", {}) == "other"


@pytest.mark.parametrize("sizes", [(6, 5, 3), (2, 1, 2), (1, 3, 1)], ids=str)
@pytest.mark.parametrize("activation", ["leaky-relu", "relu"])  # the second is played by fused rounds
def test_many_rounds_by_onednn_equal_those_by_torch(linear, monkeypatch, sizes, activation):
    network = build_network(sizes, activation=activation, seed=1)
    setup = Setup(network, AttentionSeeking(), learning_rate=0.05, dtype="float32")
    samples = Samples(random(12, sizes[0]).numpy(), np.arange(12) % sizes[-1])
    monkeypatch.setattr(matmul, "PRODUCT_TABLE", dict.fromkeys([matmul.processor_family()], ProductRow(0, 0, "known")))
    engines = [TensorEngine(setup, device="cpu", kernels=kernels) for kernels in ("torch", "onednn")]
    losses = [engine.play_rounds(engine.prepare(samples), np.arange(12), 5) for engine in engines]
    torch.testing.assert_close(*losses, rtol=1e-5, atol=1e-5)
    assert max_difference(*(engine.state() for engine in engines)) <= 1e-5
