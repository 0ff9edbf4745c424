from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.lr_schedules import LR_SCHEDULES, lr_factor
from neuronet.core.learning.optimizers import OPTIMIZERS, SGD, Adam, Momentum
from neuronet.registry import parse_optimizer
from tests.helpers.backends import BACKENDS, array, plain

STEPS = 50

ORACLES = [
    (SGD(), lambda weights, rate: torch.optim.SGD([weights], lr=rate)),
    (Momentum(), lambda weights, rate: torch.optim.SGD([weights], lr=rate, momentum=0.9)),
    (Momentum(0.5), lambda weights, rate: torch.optim.SGD([weights], lr=rate, momentum=0.5)),
    (Momentum(0.0), lambda weights, rate: torch.optim.SGD([weights], lr=rate)),
    (Adam(), lambda weights, rate: torch.optim.Adam([weights], lr=rate)),
    (Adam(0.5, 0.9, 1e-3), lambda weights, rate: torch.optim.Adam([weights], lr=rate, betas=(0.5, 0.9), eps=1e-3)),
    (Adam(0.0, 0.0), lambda weights, rate: torch.optim.Adam([weights], lr=rate, betas=(0.0, 0.0))),
]


def nothing_kept(optimizer, xp, shape):
    return {name: xp.zeros(shape, dtype=xp.float64) for name in optimizer.state_names}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("optimizer", "oracle"), ORACLES, ids=[repr(optimizer) for optimizer, _ in ORACLES])
def test_fifty_steps_equal_those_of_torch(optimizer, oracle, backend):
    xp = BACKENDS[backend]
    rng = np.random.default_rng(5)
    start = rng.standard_normal((4, 3))
    intents = rng.standard_normal((STEPS, 4, 3)) * np.exp(rng.uniform(-4, 4, (STEPS, 1, 1)))

    theirs = torch.nn.Parameter(torch.tensor(start))
    optimiser = oracle(theirs, 0.05)
    ours, state = array(xp, start), nothing_kept(optimizer, xp, (4, 3))
    for step in range(1, STEPS + 1):
        theirs.grad = -torch.tensor(intents[step - 1])
        optimiser.step()
        change, state = optimizer.update(array(xp, intents[step - 1]), state, 0.05, step)
        ours = ours + change
        assert np.abs(plain(ours) - theirs.detach().numpy()).max() < 1e-12


optimizers = pytest.mark.parametrize("optimizer", [SGD(), Momentum(), Adam()], ids=list(OPTIMIZERS))


@optimizers
def test_state_has_the_declared_names(optimizer):
    xp = BACKENDS["numpy"]
    _, state = optimizer.update(np.ones((2, 3)), nothing_kept(optimizer, xp, (2, 3)), 0.1, 1)
    assert state.keys() == set(optimizer.state_names)
    assert all(array.shape == (2, 3) for array in state.values())


@optimizers
def test_step_does_not_modify_its_arguments(optimizer):
    xp = BACKENDS["numpy"]
    intent = np.ones((2, 3))
    state = {name: np.full((2, 3), 0.5) for name in optimizer.state_names}
    for each in (intent, *state.values()):
        each.flags.writeable = False
    optimizer.update(intent, state, 0.1, 3)
    assert xp.all(intent == 1.0)


@optimizers
@settings(max_examples=40, deadline=None)
@given(intents=arrays(np.float64, (5, 2, 3), elements=st.floats(-10, 10)))
def test_synapses_do_not_affect_each_other(optimizer, intents):
    xp = BACKENDS["numpy"]
    together, state = [], nothing_kept(optimizer, xp, (2, 3))
    for step, intent in enumerate(intents, start=1):
        change, state = optimizer.update(intent, state, 0.1, step)
        together.append(change)
    for j, i in np.ndindex(2, 3):
        state = nothing_kept(optimizer, xp, ())
        for step, intent in enumerate(intents, start=1):
            change, state = optimizer.update(intent[j, i], state, 0.1, step)
            assert change == pytest.approx(together[step - 1][j, i], rel=1e-14, abs=0)


@optimizers
def test_each_replica_has_its_own_learning_rate(optimizer):
    xp = BACKENDS["numpy"]
    intent = np.random.default_rng(6).standard_normal((3, 2, 2))
    rates = np.array([0.0, 0.1, 1.0]).reshape(3, 1, 1)
    change, _ = optimizer.update(intent, nothing_kept(optimizer, xp, (3, 2, 2)), rates, 1)
    for replica in range(3):
        alone, _ = optimizer.update(intent[replica], nothing_kept(optimizer, xp, (2, 2)), float(rates[replica, 0, 0]), 1)
        np.testing.assert_allclose(change[replica], alone, rtol=1e-15)


def test_first_adam_step_has_the_size_of_the_learning_rate():
    xp = BACKENDS["numpy"]
    intent = np.array([1e-3, -1.0, 1e3])
    change, _ = Adam().update(intent, nothing_kept(Adam(), xp, (3,)), 0.01, 1)
    np.testing.assert_allclose(change, 0.01 * np.sign(intent), rtol=1e-4)


@pytest.mark.parametrize("value", [-0.1, 1.0, 2, float("nan"), float("inf"), "0.9", None])
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (Momentum, "momentum"),
        (lambda value: Adam(beta1=value), "beta1"),
        (lambda value: Adam(beta2=value), "beta2"),
    ],
)
def test_a_decay_out_of_range_is_refused(make, name, value):
    with pytest.raises(NeuroNetError, match=f"^{name} must be a number from 0 to below 1, got "):
        make(value)


@pytest.mark.parametrize("epsilon", [0.0, -1e-8, float("nan"), float("inf")])
def test_an_epsilon_out_of_range_is_refused(epsilon):
    with pytest.raises(NeuroNetError, match=r"^epsilon must be a finite number above 0, got "):
        Adam(epsilon=epsilon)


@pytest.mark.parametrize(
    ("text", "optimizer"),
    [
        ("sgd", SGD()),
        ("momentum", Momentum()),
        ("momentum(0.8)", Momentum(0.8)),
        ("adam(beta1=0.8, epsilon=1e-6)", Adam(beta1=0.8, epsilon=1e-6)),
    ],
)
def test_optimizer_is_found_by_its_name(text, optimizer):
    assert parse_optimizer(text) == optimizer


@pytest.mark.parametrize("text", ["newton", "", "adam(", "momentum(2)", "sgd(0.1)", "adam(beta3=0.5)"])
def test_invalid_optimizer_is_refused(text):
    with pytest.raises(NeuroNetError):
        parse_optimizer(text)


@pytest.mark.parametrize("schedule", LR_SCHEDULES)
def test_schedules_start_at_one_and_stay_positive(schedule):
    factors = [lr_factor(schedule, epoch, 10) for epoch in range(10)]
    assert factors[0] == 1.0
    assert all(0 < later <= earlier for earlier, later in pairwise(factors))
    assert lr_factor("constant", 9, 10) == 1.0
    assert lr_factor("linear", 5, 10) == 0.5
    assert lr_factor("cosine", 5, 10) == pytest.approx(0.5)
