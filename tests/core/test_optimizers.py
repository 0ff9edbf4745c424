from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import RULES, SCHEDULES, Adam, Momentum, Plain, pace, rule_named
from tests.helpers.backends import BACKENDS, array, plain

STEPS = 50

ORACLES = [
    (Plain(), lambda weights, rate: torch.optim.SGD([weights], lr=rate)),
    (Momentum(), lambda weights, rate: torch.optim.SGD([weights], lr=rate, momentum=0.9)),
    (Momentum(0.5), lambda weights, rate: torch.optim.SGD([weights], lr=rate, momentum=0.5)),
    (Momentum(0.0), lambda weights, rate: torch.optim.SGD([weights], lr=rate)),
    (Adam(), lambda weights, rate: torch.optim.Adam([weights], lr=rate)),
    (Adam(0.5, 0.9, 1e-3), lambda weights, rate: torch.optim.Adam([weights], lr=rate, betas=(0.5, 0.9), eps=1e-3)),
    (Adam(0.0, 0.0), lambda weights, rate: torch.optim.Adam([weights], lr=rate, betas=(0.0, 0.0))),
]


def nothing_kept(rule, xp, shape):
    return {name: xp.zeros(shape, dtype=xp.float64) for name in rule.keeps}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("rule", "oracle"), ORACLES, ids=[repr(rule) for rule, _ in ORACLES])
def test_fifty_steps_are_those_of_torch(rule, oracle, backend):
    xp = BACKENDS[backend]
    chance = np.random.default_rng(5)
    start = chance.standard_normal((4, 3))
    intents = chance.standard_normal((STEPS, 4, 3)) * np.exp(chance.uniform(-4, 4, (STEPS, 1, 1)))

    theirs = torch.nn.Parameter(torch.tensor(start))
    optimiser = oracle(theirs, 0.05)
    ours, kept = array(xp, start), nothing_kept(rule, xp, (4, 3))
    for step in range(1, STEPS + 1):
        theirs.grad = -torch.tensor(intents[step - 1])
        optimiser.step()
        change, kept = rule.change(array(xp, intents[step - 1]), kept, 0.05, step)
        ours = ours + change
        assert np.abs(plain(ours) - theirs.detach().numpy()).max() < 1e-12


rules = pytest.mark.parametrize("rule", [Plain(), Momentum(), Adam()], ids=list(RULES))


@rules
def test_what_is_kept_is_what_was_announced(rule):
    xp = BACKENDS["numpy"]
    _, kept = rule.change(np.ones((2, 3)), nothing_kept(rule, xp, (2, 3)), 0.1, 1)
    assert kept.keys() == set(rule.keeps)
    assert all(array.shape == (2, 3) for array in kept.values())


@rules
def test_nothing_is_written_into(rule):
    xp = BACKENDS["numpy"]
    intent = np.ones((2, 3))
    kept = {name: np.full((2, 3), 0.5) for name in rule.keeps}
    for each in (intent, *kept.values()):
        each.flags.writeable = False
    rule.change(intent, kept, 0.1, 3)
    assert xp.all(intent == 1.0)


@rules
@settings(max_examples=40, deadline=None)
@given(intents=arrays(np.float64, (5, 2, 3), elements=st.floats(-10, 10)))
def test_every_synapse_is_alone(rule, intents):
    xp = BACKENDS["numpy"]
    together, kept = [], nothing_kept(rule, xp, (2, 3))
    for step, intent in enumerate(intents, start=1):
        change, kept = rule.change(intent, kept, 0.1, step)
        together.append(change)
    for j, i in np.ndindex(2, 3):
        kept = nothing_kept(rule, xp, ())
        for step, intent in enumerate(intents, start=1):
            change, kept = rule.change(intent[j, i], kept, 0.1, step)
            assert change == pytest.approx(together[step - 1][j, i], rel=1e-14, abs=0)


@rules
def test_a_learning_rate_for_each_replica(rule):
    xp = BACKENDS["numpy"]
    intent = np.random.default_rng(6).standard_normal((3, 2, 2))
    rates = np.array([0.0, 0.1, 1.0]).reshape(3, 1, 1)
    change, _ = rule.change(intent, nothing_kept(rule, xp, (3, 2, 2)), rates, 1)
    for replica in range(3):
        alone, _ = rule.change(intent[replica], nothing_kept(rule, xp, (2, 2)), float(rates[replica, 0, 0]), 1)
        np.testing.assert_allclose(change[replica], alone, rtol=1e-15)


def test_adam_begins_with_steps_of_the_learning_rate_whatever_the_intent():
    xp = BACKENDS["numpy"]
    intent = np.array([1e-3, -1.0, 1e3])
    change, _ = Adam().change(intent, nothing_kept(Adam(), xp, (3,)), 0.01, 1)
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
    ("text", "rule"),
    [
        ("plain", Plain()),
        ("momentum", Momentum()),
        ("momentum(0.8)", Momentum(0.8)),
        ("adam(beta1=0.8, epsilon=1e-6)", Adam(beta1=0.8, epsilon=1e-6)),
    ],
)
def test_a_rule_is_found_by_its_name(text, rule):
    assert rule_named(text) == rule


@pytest.mark.parametrize("text", ["sgd", "", "adam(", "momentum(2)", "plain(0.1)", "adam(beta3=0.5)"])
def test_what_is_no_rule_is_refused(text):
    with pytest.raises(NeuroNetError):
        rule_named(text)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules_begin_whole_and_stay_above_nothing(schedule):
    paces = [pace(schedule, epoch, 10) for epoch in range(10)]
    assert paces[0] == 1.0
    assert all(0 < later <= earlier for earlier, later in pairwise(paces))
    assert pace("constant", 9, 10) == 1.0
    assert pace("linear", 5, 10) == 0.5
    assert pace("cosine", 5, 10) == pytest.approx(0.5)
