"""Hidden neurons without listeners keep their weights."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.payoff import SquaredError
from neuronet.core.policy_traits import shared_memory_names
from neuronet.engines.base import Setup
from neuronet.policies import FreeRider
from tests.engines.parity.test_matrix import VALUES, disconnected_network
from tests.helpers import toys
from tests.helpers.engine_fixtures import BATCHES, ENGINES, play

CONNECTABLE = [policy for policy in toys.SHIPPED if not shared_memory_names(policy)]
"""Policies without shared memory, which needs dense wiring."""

UNHEARD = 2  # index in the first hidden layer


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("policy", [*CONNECTABLE, toys.Explorer(), toys.Direct()], ids=repr)
def test_disconnected_neuron_keeps_its_weights(name, policy):
    network = disconnected_network()
    setup = Setup(network, policy, learning_rate=0.01, payoff=SquaredError(), seed=5)
    engine = play(ENGINES[name](setup), 3, VALUES, BATCHES)
    weights = engine.state().layer(1).weights
    engine.close()
    changed = np.any(weights != network.weights[0], axis=1)
    assert not changed[UNHEARD]
    assert changed[[0, 1, 3]].all() != isinstance(policy, FreeRider)  # a free rider never changes
