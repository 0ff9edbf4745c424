"""Shapley values of a layer's neurons, sample by sample.

A coalition of neurons speaks as it does; all others in the layer say their mean instead, whatever they hear. The worth of a
coalition is minus the loss, and a neuron's Shapley value (1953) is what it adds on average, over all orders in which neurons may
join. Up to 12 neurons all coalitions are heard; above, every sample has random orders of its own, each with its reverse (Castro,
Gomez and Tejada 2009; Mitchell et al. 2022), so that samples are independent and their spread covers the chance in orders, too.
"""

from __future__ import annotations

from math import comb

import array_api_compat.numpy as xp
import numpy as np
from numpy.typing import NDArray

from neuronet.core.environment import Environment
from neuronet.core.errors import check_number
from neuronet.core.structure.network import Network
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.games.simulation.payoffs import Floats, activities
from neuronet.policies import AttentionSeeking
from neuronet.training.evaluation import as_numpy

Bools = NDArray[np.bool_]

COALITION_CHUNK = 1 << 15
"""Coalitions heard at once."""

MAX_SAMPLES = 512
"""Test samples that judge, unless somebody asks for more."""


class Coalitions:
    """What coalitions of a layer's neurons are worth, sample by sample, computed by the tensor engine.

    Args:
        network: The network at rest.
        environment: Its test samples judge.
        layer: Whose neurons they are, 1 for the first hidden layer.
        samples: How many test samples at most.

    Attributes:
        activity: (N, J), what the neurons say to each sample.
        neurons: J.
        samples: N.

    Raises:
        NeuroNetError: There is no such hidden layer.
    """

    def __init__(self, network: Network, environment: Environment, layer: int, samples: int = MAX_SAMPLES) -> None:
        check_number("layer", layer, 1, len(network.sizes) - 2, whole=True)
        check_number("samples", samples, 2, whole=True)
        test = environment.test.at(slice(0, min(samples, len(environment.test))))
        layer_activities = activities(
            network.weights[:layer], network.biases[:layer], network.activations[:layer], np.asarray(test.inputs)
        )
        self.activity: Floats = layer_activities[-1]
        self.samples, self.neurons = self.activity.shape
        self._mean = self.activity.mean(axis=0)
        self._targets, self._payoff = np.asarray(test.targets), environment.payoff
        above = Network(
            network.weights[layer:],
            network.biases[layer:],
            network.masks[layer:],
            network.activations[layer:],
            network.nodes[layer:],
        )
        self._engine = TensorEngine(Setup(above, AttentionSeeking(), payoff=environment.payoff), device="cpu")

    def coalition_value(self, speaking: Bools, samples: NDArray[np.int64]) -> Floats:
        """Minus the loss of a sample where these neurons speak and the others say their mean.

        Args:
            speaking: (N, J), who speaks.
            samples: (N,), to which sample.
        """
        found = np.empty(len(speaking))
        for start in range(0, len(speaking), COALITION_CHUNK):
            part = slice(start, start + COALITION_CHUNK)
            activity = np.where(speaking[part], self.activity[samples[part]], self._mean)
            outputs = as_numpy(self._engine.outputs(activity))
            found[part] = -self._payoff.loss(xp, outputs, self._targets[samples[part]])
        return found

    def close(self) -> None:
        """Give up the engine."""
        self._engine.close()


def exact_shapley(coalitions: Coalitions) -> Floats:
    """Each neuron's Shapley value for each sample, (N, J), by all coalitions."""
    J, N = coalitions.neurons, coalitions.samples
    codes = np.arange(1 << J)
    members = (codes[:, None] >> np.arange(J) & 1).astype(bool)
    speaking, samples = np.repeat(members, N, axis=0), np.tile(np.arange(N), len(codes))
    coalition_value = coalitions.coalition_value(speaking, samples).reshape(len(codes), N)
    sizes = members.sum(axis=1)
    found = np.empty((N, J))
    for neuron in range(J):
        without = codes[~members[:, neuron]]
        weights = np.array([1 / (J * comb(J - 1, size)) for size in sizes[without]])
        found[:, neuron] = weights @ (coalition_value[without | 1 << neuron] - coalition_value[without])
    return found


def sampled_shapley(coalitions: Coalitions, permutations: int, seed: int) -> Floats:
    """Unbiased estimates of each neuron's Shapley value for each sample, (N, J).

    Args:
        coalitions: What they are worth.
        permutations: In how many orders neurons join for each sample, an even number of 2 or more: half of them drawn, half
            reversed.
        seed: Of the orders.
    """
    J, N = coalitions.neurons, coalitions.samples
    rng = np.random.default_rng(seed)
    found, samples = np.zeros((N, J)), np.repeat(np.arange(N), J + 1)
    for _ in range(permutations // 2):
        drawn = np.argsort(rng.random((N, J)), axis=1)
        for ranks in (drawn, J - 1 - drawn):
            speaking = ranks[:, None, :] < np.arange(J + 1)[None, :, None]
            coalition_value = coalitions.coalition_value(speaking.reshape(-1, J), samples).reshape(N, J + 1)
            found += np.take_along_axis(np.diff(coalition_value, axis=1), ranks, axis=1)
    return found / (permutations // 2 * 2)
