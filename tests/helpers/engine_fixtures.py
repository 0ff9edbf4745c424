"""Small games for the tests of engines."""

from __future__ import annotations

import numpy as np

from neuronet.core.data.batches import Batches
from neuronet.core.environment import Samples
from neuronet.core.policy import Policy
from neuronet.core.policy_traits import shared_memory_names
from neuronet.core.structure.population import Group
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base import Setup, State
from neuronet.engines.tensors import TensorEngine
from neuronet.registry import as_channels, build_network, parse_update_schedule

SIZES = (6, 5, 4, 3)
SAMPLES = Samples(np.random.default_rng(1).standard_normal((20, 6)), np.arange(20) % 3)
BATCH = 6
BATCHES = Batches(len(SAMPLES), BATCH, (0,))

ENGINES = {"agents": NeuronModel, "tensors": lambda setup: TensorEngine(setup, device="cpu")}


def game(policies, *, connectivity="dense", activation="tanh", network_seed=1, **options):
    """A game on a small network; channels and an update schedule may be specs."""
    network = build_network(SIZES, connectivity=feasible_wiring(connectivity, policies), activation=activation, seed=network_seed)
    parsed = {"channels": as_channels(options.pop("channels", ()))}
    if isinstance(schedule := options.get("update_schedule"), str):
        parsed["update_schedule"] = parse_update_schedule(schedule)
    return Setup(network, policies, **{"learning_rate": 0.05, "seed": 4, **options, **parsed})


def feasible_wiring(connectivity, policies):
    """Return this wiring, or "dense" if a policy has shared memory, which needs it."""
    return "dense" if any(shared_memory_names(policy) for policy in _each(policies)) else connectivity


def _each(policies):
    if isinstance(policies, Policy):
        return [policies]
    if isinstance(policies, Group):
        return [policies.policy]
    return [policy for some in policies for policy in _each(some)] if isinstance(policies, (list, tuple)) else []


def play(engine, rounds, samples=SAMPLES, batches=BATCHES):
    """Play some rounds and return the engine."""
    for _ in range(rounds):
        batch = samples.at(batches.indices(engine.round_number))
        engine.play(batch.inputs, batch.targets)
    return engine


def max_difference(one: State, other: State) -> float:
    """Return the largest absolute difference between two states."""
    first, second = one.to_arrays(), other.to_arrays()
    assert first.keys() == second.keys()
    assert one.round == other.round
    return max(float(np.abs(first[name] - second[name]).max(initial=0.0)) for name in first)


def identical(one: State, other: State) -> bool:
    """Return whether two states are equal bit by bit."""
    first, second = one.to_arrays(), other.to_arrays()
    return (
        one.round == other.round
        and first.keys() == second.keys()
        and all(first[name].dtype == second[name].dtype for name in first)
        and all(first[name].tobytes() == second[name].tobytes() for name in first)
    )
