"""No number depends on what was in memory before: every policy plays equally where new tensors are full of NaN.

Such is the memory that a run leaves that has diverged.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, product

import numpy as np
import pytest
import torch

from neuronet.core.learning.optimizers import OPTIMIZERS
from neuronet.engines.tensors import TensorEngine
from neuronet.engines.tensors.kernels.device import copy_to_numpy
from neuronet.policies import Budgeted
from tests.helpers import toys
from tests.helpers.engine_fixtures import BATCH, SAMPLES, game

BUDGETED = [Budgeted(bias="counted"), Budgeted(bias="scaled"), Budgeted(steps=False), Budgeted(demands=False)]
CASES = [*product([*toys.SHIPPED, *toys.TOYS], ["momentum"]), *zip(toys.SHIPPED, cycle(["sgd", "adam"]), strict=False)]
CASES += product(BUDGETED, OPTIMIZERS)
ORDER = np.random.default_rng(2).integers(len(SAMPLES), size=4 * BATCH + 2)


@contextmanager
def poisoned_memory() -> Iterator[None]:
    """Fill new tensors with NaN, or with the largest integer, instead of leaving what was there."""
    torch.use_deterministic_algorithms(True)
    try:
        assert torch.empty(3).isnan().all()
        yield
    finally:
        torch.use_deterministic_algorithms(False)


def played(setups):
    """Return what is in the state after some rounds, the losses and the outputs."""
    engine = TensorEngine(setups, device="cpu")
    held = engine.prepare(SAMPLES)
    losses = [engine.play_rounds(held, ORDER, BATCH) for _ in range(2)]
    tensors = {"outputs": engine.outputs(SAMPLES.inputs), "first losses": losses[0], "last losses": losses[1]}
    return engine.state().to_arrays() | {name: copy_to_numpy(tensor) for name, tensor in tensors.items()}


@pytest.mark.parametrize("seeds", [(4,), (4, 5, 6)], ids=["network", "replicas"])
@pytest.mark.parametrize(("policy", "optimizer"), CASES, ids=str)
def test_policies_read_nothing_that_they_have_not_written(policy, optimizer, seeds):
    options = {"activation": "relu", "optimizer": OPTIMIZERS[optimizer](), "learning_rate": 0.01}
    setups = [game(policy, network_seed=seed, seed=seed, **options) for seed in seeds]
    plain = played(setups)
    with poisoned_memory():
        poisoned = played(setups)
    assert poisoned.keys() == plain.keys()
    for name, array in plain.items():
        np.testing.assert_allclose(poisoned[name], array, rtol=1e-12, atol=1e-14, err_msg=name)
