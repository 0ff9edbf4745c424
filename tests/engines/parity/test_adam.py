"""What parity means under Adam: a round is held to the bound of docs/parity.md."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuronet.core.learning.optimizers import Adam
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base.array_names import SynapseKey
from neuronet.engines.tensors import TensorEngine
from neuronet.policies import AttentionSeeking, SignSymmetric
from tests.helpers.engine_fixtures import BATCHES, SAMPLES, game

RATE = 0.01
LARGEST_STEP = 7.3 * RATE
"""Largest change by one round of Adam with its default decays."""


def changes(intents):
    """Return the change of each round for these intents, one a round."""
    optimizer, found = Adam(), []
    state = {name: np.zeros(1) for name in optimizer.state_names}
    for step, intent in enumerate(intents, start=1):
        change, state = optimizer.update(np.array([intent]), state, RATE, step)
        found.append(float(change[0]))
    return np.array(found)


@pytest.mark.parametrize("size", [0.0, 1e-16, 1e-12, 1e-9, 1e-8, 1e-7, 1e-4, 1.0])
def test_a_gap_of_intents_is_multiplied_by_at_most_twice_the_rate_over_epsilon(size):
    rng = np.random.default_rng(1)
    for rounds in (1, 2, 5, 50, 500):
        intents = size * rng.standard_normal(rounds) * rng.choice([1, 1e-3], rounds)
        gap = rng.choice([-1, 1]) * (1e-12 + 1e-3 * size)
        first, second = changes(intents), changes([*intents[:-1], intents[-1] + gap])
        assert abs(first[-1] - second[-1]) <= 2 * RATE * abs(gap) / Adam().epsilon + 1e-14
        assert np.abs(first).max() <= LARGEST_STEP


def test_largest_step_is_reached_after_a_long_rest():
    worst = max(abs(changes([0.0] * rest + [1.0] * more)).max() for rest in (0, 100, 3000) for more in (1, 12))
    assert 5 * RATE < worst <= LARGEST_STEP


def cancelling(dtype, policy):
    """Return a game whose last hidden layer hears demands that cancel: its intents are nothing but rounding."""
    setup = game(policy, optimizer=Adam(), learning_rate=RATE, dtype=dtype)
    row = np.abs(setup.network.weights[2][0]) + 0.1
    weights = (*setup.network.weights[:2], np.stack((row, row, row)))
    return replace(setup, network=replace(setup.network, weights=weights))


@pytest.mark.parametrize("policy", [AttentionSeeking(), SignSymmetric()], ids=repr)
@pytest.mark.parametrize(("dtype", "rounding"), [("float64", 1e-14), ("float32", 1e-5)])
def test_one_round_stays_within_the_bound_where_demands_cancel(policy, dtype, rounding):
    setup = cancelling(dtype, policy)
    model, engine = NeuronModel(setup), TensorEngine(setup, device="cpu")
    for number in range(20):
        model.restore(engine.state())
        batch = SAMPLES.at(BATCHES.indices(number))
        for player in (model, engine):
            player.play(batch.inputs, batch.targets)
        ours, theirs = model.state().arrays, engine.state().arrays
        for key in (key for key in ours if isinstance(key, SynapseKey) and not key.optimizer):
            mean = SynapseKey(key.layer, key.part, "mean")
            gap = np.abs(ours[mean] - theirs[mean]) / (1 - setup.optimizer.beta1)
            assert gap.max() <= rounding
            bound = np.minimum(2 * RATE * gap / setup.optimizer.epsilon, 2 * LARGEST_STEP)
            assert (np.abs(ours[key] - theirs[key]) <= bound + rounding).all()
