"""The tensor engine plays the same game on a GPU, where there is one."""

from __future__ import annotations

import pytest
import torch
import toys

from neuronet.engines.engine import Setup
from neuronet.engines.parity import compare
from neuronet.network import build_network

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.mark.parametrize("policy", [*toys.SHIPPED, *toys.TOYS], ids=repr)
def test_a_gpu_plays_alike(policy, digits):
    network = build_network((64, 12, 8, 10), wiring="sparse(0.5)", activation="tanh", seed=13)
    setup = Setup(network, policy, learning_rate=0.1, seed=13)
    assert compare(setup, digits, rounds=50, device="cuda").largest <= 1e-9
    assert compare(setup, digits, rounds=50, resync=True, device="cuda").largest <= 1e-12
