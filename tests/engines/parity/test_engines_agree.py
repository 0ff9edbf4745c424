"""Both engines play the same game: every policy with every activation, optimizer and wiring, on digits."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from neuronet.core.activation import ACTIVATIONS
from neuronet.core.learning.optimizers import OPTIMIZERS
from neuronet.engines.base import Setup
from neuronet.engines.parity import compare
from neuronet.registry import build_network
from tests.helpers import toys
from tests.helpers.engine_fixtures import feasible_wiring

ROUNDS = 50
RESYNCED = 12
TOGETHER = 1e-9  # after all rounds
PER_ROUND = 1e-12  # in each round, from the same state

WIRINGS = ("dense", "sparse(0.3)", "small-world(neighbours=5, rewire=0.2)")
LEARNING_RATES = {"sgd": 0.02, "momentum": 0.005, "adam": 0.01}

# Every activation, and with each of them another rule and wiring.
MEETINGS = [(activation, list(OPTIMIZERS)[i % 3], WIRINGS[(i + i // 3) % 3]) for i, activation in enumerate(ACTIVATIONS)]

# Every policy meets every rule and every wiring, and half of the activations: the next policy meets the others.
PAIRS = [(policy, meeting) for place, policy in enumerate(toys.SHIPPED) for meeting in (MEETINGS[:3], MEETINGS[3:])[place % 2]]

SEED = 13


def setup_of(policy, activation, optimizer, connectivity):
    network = build_network((64, 12, 8, 10), connectivity=feasible_wiring(connectivity, policy), activation=activation, seed=SEED)
    return Setup(network, policy, optimizer=OPTIMIZERS[optimizer](), learning_rate=LEARNING_RATES[optimizer], seed=SEED)


def test_every_value_of_every_factor_is_met():
    activations, optimizers, wirings = (set(values) for values in zip(*MEETINGS, strict=True))
    assert (activations, optimizers, wirings) == (set(ACTIVATIONS), set(OPTIMIZERS), set(WIRINGS))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_no_neuron_hears_demands_that_cancel(activation):
    """What the comparison stands on.

    The demands of softmax outputs sum to zero. A neuron that all of them pay with the same sign, and that counts signs (p = 1),
    wants nothing but the rounding of that sum, and Adam multiplies even an intent of 1e-17 by its learning rate over epsilon.
    """
    attention = setup_of(toys.Backprop(), activation, "adam", "dense").network.weights[-1]
    assert np.abs(np.sign(attention).sum(axis=0)).max() < len(attention)


@pytest.mark.parametrize(("policy", "meeting"), PAIRS, ids=str)
def test_shipped_policies_play_alike(policy, meeting, digits):
    setup = setup_of(policy, *meeting)
    assert compare(setup, digits, rounds=ROUNDS).largest <= TOGETHER
    assert compare(setup, digits, rounds=RESYNCED, resync=True).largest <= PER_ROUND


@pytest.mark.parametrize("connectivity", WIRINGS)
@pytest.mark.parametrize("policy", toys.TOYS, ids=repr)
def test_every_verb_sight_and_memory_plays_alike(policy, connectivity, digits):
    """Memory, adapt, remember, speak, draws at birth, broadcast, reward, and wrappers around them."""
    setup = setup_of(policy, "tanh", "sgd", connectivity)
    assert compare(setup, digits, rounds=ROUNDS).largest <= TOGETHER
    assert compare(setup, digits, rounds=RESYNCED, resync=True).largest <= PER_ROUND


@pytest.mark.parametrize(("activation", "optimizer", "connectivity"), list(product(ACTIVATIONS, OPTIMIZERS, WIRINGS)))
def test_error_backpropagation_plays_alike_everywhere(activation, optimizer, connectivity, digits):
    setup = setup_of(toys.SHIPPED[0], activation, optimizer, connectivity)
    assert compare(setup, digits, batch_size=64, rounds=15).largest <= TOGETHER


def test_layers_of_different_policies_play_alike(digits):
    policies = (toys.Saver(), toys.SHIPPED[3], toys.Critic())
    setup = setup_of(policies, "gelu", "adam", WIRINGS[1])
    assert compare(setup, digits, rounds=ROUNDS).largest <= TOGETHER
    assert compare(setup, digits, rounds=RESYNCED, resync=True).largest <= PER_ROUND
