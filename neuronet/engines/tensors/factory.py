"""The tensor engine that plays a number of replicas fastest."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from neuronet.engines.base.ragged import dense_game
from neuronet.engines.base.setup import Setup
from neuronet.engines.tensors.compiled.choice import check_kernels, select_compiled
from neuronet.engines.tensors.engine import TensorEngine
from neuronet.engines.tensors.kernels.device import resolve_device
from neuronet.engines.tensors.kernels.matmul import products_of_machine
from neuronet.engines.tensors.sequential_replicas import SequentialReplicas

MAX_BATCHED_WORK = 1_000_000
"""Multiplications of one replica in the largest product of a round up to which replicas are played together on a CPU."""


def tensor_engine(
    setups: Sequence[Setup],
    batch_size: int,
    *,
    device: str = "auto",
    matmul: str = "highest",
    kernels: str = "auto",
    rounds: int = 0,
) -> TensorEngine | SequentialReplicas:
    """Return the fastest engine for some replicas: all together on a GPU or with small layers, one after another otherwise.

    Args:
        setups: The game of each replica.
        batch_size: Samples a round.
        device: Where to compute.
        matmul: As for TensorEngine.
        kernels: As for TensorEngine.
        rounds: As for TensorEngine.
    """
    if len(setups) > 1:
        setups = [dense_game(setup) for setup in setups]  # their arrays are stacked, and have different connections
    compiled = matmul == "highest" and select_compiled(setups, batch_size, resolve_device(device), check_kernels(kernels), rounds)
    kernels = "compiled" if compiled else products_of_machine() if kernels in ("auto", "compiled") else kernels
    largest = batch_size * max(a * b for a, b in pairwise(setups[0].network.sizes))
    if len(setups) > 1 and not compiled and resolve_device(device) == "cpu" and largest > MAX_BATCHED_WORK:
        return SequentialReplicas(setups, device=device, matmul=matmul, kernels=kernels)
    return TensorEngine(setups, device=device, matmul=matmul, kernels=kernels)
