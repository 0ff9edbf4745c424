"""Shapley values of a layer's neurons, sample by sample.

The neurons of a coalition keep their activities; the activities of all others in the layer are replaced by their means. The value
of a coalition is minus the loss. A neuron's Shapley value (1953) is its mean marginal contribution over all orders in which
neurons join. Up to 12 neurons, all coalitions are evaluated. Above, each sample has random orders of its own, each with its
reverse (Castro, Gomez and Tejada 2009; Mitchell et al. 2022): samples are independent, and their spread includes that of orders.
"""

from __future__ import annotations

from math import comb

import array_api_compat.numpy as xp
import numpy as np
from numpy.typing import NDArray

from neuronet.core import Environment, Network, check_number
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.games.simulation.payoffs import Floats, activities
from neuronet.policies import AttentionSeeking
from neuronet.training import as_numpy

Bools = NDArray[np.bool_]

COALITION_CHUNK = 1 << 15
"""Largest number of coalitions in one forward pass."""

MAX_SAMPLES = 512
"""Default of the largest number of test samples."""


class Coalitions:
    """Values of coalitions of a layer's neurons, sample by sample, computed by the tensor engine.

    Args:
        network: Trained network.
        environment: Environment of the test samples.
        layer: Layer, 1 for the first hidden layer.
        samples: Largest number of test samples.
        activity: What the layer says on these samples, (N, J); None for what its weights say.

    Attributes:
        activity: Activity of the neurons on each sample, (N, J).
        neurons: Number of neurons J.
        samples: Number of samples N.

    Raises:
        ConfigurationError: The network has no such hidden layer.
    """

    def __init__(
        self,
        network: Network,
        environment: Environment,
        layer: int,
        samples: int = MAX_SAMPLES,
        activity: Floats | None = None,
    ) -> None:
        check_number("layer", layer, 1, len(network.sizes) - 2, whole=True)
        check_number("samples", samples, 2, whole=True)
        test = environment.test.at(slice(0, min(samples, len(environment.test))))
        if activity is None:
            below = network.weights[:layer], network.biases[:layer], network.activations[:layer]
            activity = activities(*below, np.asarray(test.inputs))[-1]
        self.activity = activity
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
        """Return the value of coalitions, minus the loss of a sample, (C,).

        Args:
            speaking: Members of each coalition, (C, J).
            samples: Index of the sample of each coalition, (C,).
        """
        values = np.empty(len(speaking))
        for start in range(0, len(speaking), COALITION_CHUNK):
            part = slice(start, start + COALITION_CHUNK)
            activity = np.where(speaking[part], self.activity[samples[part]], self._mean)
            outputs = as_numpy(self._engine.outputs(activity))
            values[part] = -self._payoff.loss(xp, outputs, self._targets[samples[part]])
        return values

    def close(self) -> None:
        """Release the engine."""
        self._engine.close()


def exact_shapley(coalitions: Coalitions) -> Floats:
    """Return the Shapley value of each neuron for each sample by all coalitions, (N, J)."""
    J, N = coalitions.neurons, coalitions.samples
    codes = np.arange(1 << J)
    members = (codes[:, None] >> np.arange(J) & 1).astype(bool)
    speaking, samples = np.repeat(members, N, axis=0), np.tile(np.arange(N), len(codes))
    coalition_value = coalitions.coalition_value(speaking, samples).reshape(len(codes), N)
    sizes = members.sum(axis=1)
    shapley = np.empty((N, J))
    for neuron in range(J):
        without = codes[~members[:, neuron]]
        weights = np.array([1 / (J * comb(J - 1, size)) for size in sizes[without]])
        shapley[:, neuron] = weights @ (coalition_value[without | 1 << neuron] - coalition_value[without])
    return shapley


def sampled_shapley(coalitions: Coalitions, permutations: int, seed: int) -> Floats:
    """Return unbiased estimates of the Shapley value of each neuron for each sample, (N, J).

    Args:
        coalitions: Values of coalitions.
        permutations: Number of orders per sample, even and 2 or more: one half random, the other half their reverses.
        seed: Seed of the orders.
    """
    J, N = coalitions.neurons, coalitions.samples
    rng = np.random.default_rng(seed)
    total, samples = np.zeros((N, J)), np.repeat(np.arange(N), J + 1)
    for _ in range(permutations // 2):
        drawn = np.argsort(rng.random((N, J)), axis=1)
        for ranks in (drawn, J - 1 - drawn):
            speaking = ranks[:, None, :] < np.arange(J + 1)[None, :, None]
            coalition_value = coalitions.coalition_value(speaking.reshape(-1, J), samples).reshape(N, J + 1)
            total += np.take_along_axis(np.diff(coalition_value, axis=1), ranks, axis=1)
    return total / (permutations // 2 * 2)


def leave_one_out(coalitions: Coalitions) -> Floats:
    """Return the value of all neurons minus that of all but one, for each, (J,)."""
    J, N = coalitions.neurons, coalitions.samples
    members = np.vstack((np.ones((1, J), dtype=bool), ~np.eye(J, dtype=bool)))
    by_sample = coalitions.coalition_value(np.repeat(members, N, axis=0), np.tile(np.arange(N), J + 1))
    values = by_sample.reshape(J + 1, N).mean(axis=1)
    return np.asarray(values[0] - values[1:])
