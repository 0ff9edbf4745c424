"""`compare` finds differences between the engines."""

from __future__ import annotations

from dataclasses import dataclass

import mesa
import numpy as np
import pytest

from neuronet.core.environment import Samples
from neuronet.core.errors import ConfigurationError, DataError
from neuronet.core.learning.optimizers import Momentum
from neuronet.core.policy import LinearPolicy
from neuronet.engines.base import Setup
from neuronet.engines.parity import Parity, compare
from neuronet.registry import build_network
from tests.helpers import toys

SAMPLES = Samples(np.random.default_rng(1).standard_normal((20, 6)), np.arange(20) % 3)
GAP = 1e-3


def on_torch(obs):
    return "torch" in obs.xp.__name__


@dataclass(frozen=True)
class DifferentFeedback(LinearPolicy):
    """Policy with slightly larger feedback on torch."""

    def feedback_weights(self, obs, memory):
        return obs.attention * (1.0 + GAP * on_torch(obs))


@dataclass(frozen=True)
class DifferentMemory(toys.Backprop):
    """Policy with another memory on torch, which it does not use."""

    @property
    def memory_axes(self):
        return {"count": "J"}

    def remember(self, change, response, obs, memory):
        return {"count": memory["count"] + (1.0 + GAP * on_torch(obs))}


@dataclass(frozen=True)
class NanMemory(toys.Backprop):
    """Policy whose memory is nan on torch."""

    @property
    def memory_axes(self):
        return {"count": "J"}

    def remember(self, change, response, obs, memory):
        return {"count": memory["count"] + (float("nan") if on_torch(obs) else 0.0)}


def setup_of(policies, connectivity="dense", **options):
    return Setup(build_network((6, 5, 4, 3), connectivity=connectivity, activation="tanh", seed=1), policies, **options)


def test_difference_is_found_in_its_layer():
    first = compare(setup_of((DifferentFeedback(), toys.Backprop(), toys.Backprop())), SAMPLES, rounds=1)
    assert first.layers[0] > 1e-6
    assert max(first.layers[1:]) < 1e-15
    assert first.worst.startswith("1.")
    assert first.largest == max(first.layers)
    both = compare(setup_of(DifferentFeedback()), SAMPLES, rounds=1)
    assert both.layers[0] > 1e-6
    assert both.layers[1] > 1e-6
    assert both.layers[2] < 1e-15


def test_memory_is_compared():
    parity = compare(setup_of((toys.Backprop(), DifferentMemory(), toys.Backprop())), SAMPLES, rounds=4)
    assert parity.worst == "2.group0.count"
    assert parity.layers[1] == pytest.approx(4 * GAP, rel=1e-9)
    assert max(parity.layers[0], parity.layers[2]) < 1e-14


def test_optimizer_state_is_compared():
    parity = compare(setup_of(DifferentFeedback(), optimizer=Momentum(), learning_rate=1e-9), SAMPLES, rounds=1)
    assert "velocity" in parity.worst


def test_resync_reports_the_largest_difference_of_a_round():
    setup = setup_of((toys.Backprop(), DifferentMemory(), toys.Backprop()))
    parity = compare(setup, SAMPLES, rounds=4, resync=True)
    assert parity.largest == pytest.approx(GAP, rel=1e-9)
    assert parity.rounds == 4


@pytest.mark.parametrize("resync", [False, True])
def test_nan_counts_as_an_infinite_difference(resync):
    parity = compare(setup_of((toys.Backprop(), toys.Backprop(), NanMemory())), SAMPLES, rounds=3, resync=resync)
    assert parity.largest == float("inf")
    assert parity.worst == "3.group0.count"


def test_memory_of_missing_connections_is_ignored():
    policy = toys.Random()  # born with numbers for every listener, there or not
    parity = compare(setup_of(policy, connectivity="sparse(0.3)"), SAMPLES, rounds=1)
    assert parity.largest < 1e-15


def test_results_are_equal_by_value():
    parity = compare(setup_of(toys.Backprop()), SAMPLES, rounds=2)
    assert parity == Parity(parity.layers, parity.worst, 2)
    assert len(parity.layers) == 3


@pytest.mark.parametrize("rounds", [0, -1, 1.5, True])
def test_bad_rounds_are_refused(rounds):
    with pytest.raises(ConfigurationError, match="rounds"):
        compare(setup_of(toys.Backprop()), SAMPLES, rounds=rounds)


@pytest.mark.parametrize("inputs", [6, 5])
def test_model_is_closed_also_after_an_error(inputs):
    before = len(getattr(mesa.Agent, "_ids", ()))
    samples = Samples(SAMPLES.inputs[:, :inputs], SAMPLES.targets)
    if inputs == 6:
        compare(setup_of(toys.Backprop()), samples, rounds=2)
    else:
        with pytest.raises(DataError, match=r"\(samples, 6\)"):
            compare(setup_of(toys.Backprop()), samples, rounds=2)
    assert len(getattr(mesa.Agent, "_ids", ())) == before
