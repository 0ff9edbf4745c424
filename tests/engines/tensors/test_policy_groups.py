"""Groups of policies in replicas: which calls serve them, and the same numbers as games that are played alone."""

import numpy as np
import pytest

from neuronet.core import Group, Samples
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.policies import AttentionSeeking, FreeRider, Greedy, Noisy
from neuronet.registry import build_network

HIDDEN = 7


def make_setups(assignments, seeds):
    """Return games of 4-7-3 whose hidden layer has a group of five neurons and one of two, by the policies of each."""
    setups = []
    for (first, second), seed in zip(assignments, seeds, strict=True):
        order = np.random.default_rng(seed).permutation(HIDDEN)
        groups = [Group(first, tuple(sorted(order[:5].tolist()))), Group(second, tuple(sorted(order[5:].tolist())))]
        setups.append(Setup(build_network((4, HIDDEN, 3), seed=seed), [groups, AttentionSeeking()], seed=seed))
    return setups


def play(setups, rounds=4, batch=6):
    """Return the weights and biases of all layers after some rounds, with the axis of replicas."""
    rng = np.random.default_rng(0)
    samples = Samples(rng.standard_normal((rounds * batch, 4)), rng.integers(0, 3, rounds * batch))
    engine = TensorEngine(setups, device="cpu")
    engine.play_rounds(engine.prepare(samples), np.arange(rounds * batch), batch)
    lead = () if len(setups) > 1 else (1,)
    layers = engine.state().layers
    return [array.reshape(*lead, *array.shape) for layer in layers for array in (layer.weights, layer.bias)], engine


MIXES = {
    "mostly linear": [(AttentionSeeking(), Noisy()), (AttentionSeeking(), Greedy()), (Greedy(), Noisy()), (FreeRider(), Noisy())],
    "mostly not": [(Noisy(), AttentionSeeking()), (Noisy(), Greedy()), (Noisy(sigma=0.2), Greedy()), (Noisy(), FreeRider())],
}


@pytest.mark.parametrize("mix", MIXES)
def test_replicas_with_other_policies_at_each_place_equal_games_alone(mix):
    setups = make_setups(MIXES[mix], seeds=(3, 4, 3, 5))
    together, _ = play(setups)
    for replica, setup in enumerate(setups):
        for whole, alone in zip(together, play([setup])[0], strict=True):
            np.testing.assert_allclose(whole[replica], alone[0], rtol=0, atol=1e-13)


def test_one_group_serves_neighbours_with_the_same_policy_at_a_place():
    _, engine = play(make_setups(MIXES["mostly linear"], seeds=(3, 4, 3, 5)))
    found = [(group.number, group.policy, group.replicas) for group in engine.layers[0].policy_groups]
    assert found == [
        (0, AttentionSeeking(), slice(0, 2)),
        (0, Greedy(), slice(2, 3)),
        (0, FreeRider(), slice(3, 4)),
        (1, Noisy(), slice(0, 1)),
        (1, Greedy(), slice(1, 2)),
        (1, Noisy(), slice(2, 4)),
    ]
