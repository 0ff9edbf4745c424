"""Quadratic game of two layers with known equilibria, played by the engine and by a reference in numpy.

Three linear neurons have one input and one linear output; the loss is the squared error. The activity of a neuron is
`w1 x + b1`, its attention is `w2`. In the reference, an attention-seeking neuron moves its synapses along `w2 s x`, a contrarian
one against it, and a free rider does not move them; the output moves `w2` along `s a`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from neuronet.core.environment import Environment, Samples
from neuronet.core.learning.optimizers import SGD
from neuronet.core.payoff import SquaredError
from neuronet.core.structure.population import Group
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.policies import AttentionSeeking, Contrarian, FreeRider

SEEK, OPPOSE, REST = AttentionSeeking(), Contrarian(), FreeRider()
FEEDBACK_SIGN = {SEEK: 1.0, OPPOSE: -1.0, REST: 0.0}
"""Sign of each policy's move along the direction that increases its attention."""

RATE, ROUNDS = 0.05, 6


class LinearTargets(Environment):
    """Outputs proportional to inputs, on four samples, all of them in each batch."""

    payoff = SquaredError()
    outputs = 1

    def __init__(self, slope: float = 1.5) -> None:
        inputs = np.array([[-1.0], [-0.5], [0.5], [1.0]])
        self._samples = Samples(inputs, slope * inputs)

    @property
    def train(self):
        return self._samples

    @property
    def test(self):
        return self._samples


@dataclass(frozen=True, eq=False)
class ToySetup(GameSetup):
    """Game in which each seed has the same initial network."""

    first: tuple[float, ...] = (0.3, 0.4, 0.5)
    paid: tuple[float, ...] = (0.5, 0.4, 0.6)

    def network(self, seed):
        network = super().network(seed)
        weights = (np.array(self.first)[:, None], np.array(self.paid)[None])
        return replace(network, weights=weights, biases=tuple(np.zeros_like(bias) for bias in network.biases))


def toy(**options) -> ToySetup:
    settings = {"hidden": (3,), "activation": "identity", "optimizer": SGD(), "learning_rate": RATE, "batch_size": 4}
    return ToySetup(LinearTargets(), **{**settings, "rounds": ROUNDS, **options})


START = InitialState(toy().network(0), 0)


def layers_from_policies(policies):
    """Return the groups of a network given the policy of each neuron."""
    return tuple(
        tuple(Group(policy, tuple(n for n, other in enumerate(layer) if other == policy)) for policy in dict.fromkeys(layer))
        for layer in policies
    )


def profile_of(*policies):
    return layers_from_policies([policies, [SEEK]])


def reference_payoffs(policies, rounds=ROUNDS, game_setup=None):
    """Return the attention of the three neurons, `w2^2 / 2`, and the final loss."""
    game = game_setup or toy()
    samples = game.environment.train
    x, y = samples.inputs[:, 0], samples.targets[:, 0]
    w, b, v, c = np.array(game.first), np.zeros(len(game.first)), np.array(game.paid), 0.0
    feedback_sign = np.array([FEEDBACK_SIGN[policy] for policy in policies])
    for _ in range(rounds):
        a = x[:, None] * w + b
        s = y - a @ v - c
        demand = feedback_sign * v * s[:, None]
        w, b = w + RATE * (demand * x[:, None]).mean(0), b + RATE * demand.mean(0)
        v, c = v + RATE * (s[:, None] * a).mean(0), c + RATE * s.mean()
    loss = 0.5 * np.mean((y - (x[:, None] * w + b) @ v - c) ** 2)
    return v**2 / 2, loss


def utilities(policies=(SEEK, OPPOSE, REST), **options):
    """Return the payoffs of all profiles by the reference, (players, choices of each player)."""
    table = np.empty((3, *(len(policies),) * 3))
    for indices in product(range(len(policies)), repeat=3):
        table[(slice(None), *indices)] = reference_payoffs([policies[index] for index in indices], **options)[0]
    return table


def reference_nash_conv(table, indices):
    """Return the sum over players of the gain of the best response with all others fixed."""
    total = 0.0
    for player, payoffs in enumerate(table):
        line = payoffs[tuple(slice(None) if n == player else index for n, index in enumerate(indices))]
        total += line.max() - line[indices[player]]
    return total
