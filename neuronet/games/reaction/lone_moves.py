"""Gains of neurons that move alone in one round, at fixed demands and with demands that react.

A move changes a neuron's activity on the samples of a batch, or its synapses. Its utility is `sum_k w_kj^2 / 2` after the
listeners' change by SGD. In the *frozen* game the listeners keep the demands that they had, and their change follows what the
neuron says. In the *real* game all layers above speak and demand again. A budget belongs to the listener's change in both games:
what a frozen demand is divided by follows the neuron's activity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import array_api_compat.torch as xp
import torch
from torch import Tensor

from neuronet.games.reaction.differentiable_round import DifferentiableRound, PlayedRound

CHUNK = 64
"""Neurons of a layer whose moves are played together."""

ASCENT_STEPS = 24
"""Largest number of turns in the search for the best move."""

LEAST_TURN = 0.2
"""Part of a turn below which a neuron's search has ended; every turn that does not gain halves the next one."""

Gain = Callable[[Tensor], Tensor]
"""Gain of each neuron, (J,), by its move alone, (J, N)."""


@dataclass(frozen=True, eq=False)
class LoneMoves:
    """Moves of the neurons of one hidden layer, each alone, in the next round of a game.

    Attributes:
        game: The round.
        layer: Hidden layer, 1 for the first.
        inputs: (B, I), the batch.
        targets: (B,) classes or (B, O) values.
        react: Whether demands react: the real game; otherwise the frozen one.
    """

    game: DifferentiableRound
    layer: int
    inputs: Tensor
    targets: Tensor
    react: bool = True

    @cached_property
    def played(self) -> PlayedRound:
        """The round without any move."""
        return self.game.play(self.inputs, self.targets, lowest=self.layer)

    @property
    def activity(self) -> Tensor:
        """What the neurons say without a move, (B, J)."""
        activity: Tensor = self.played.fields[self.layer]["activity"]
        return activity

    @property
    def anticipated(self) -> Tensor:
        """Attention after the listeners' change, without a move, (K, J)."""
        attention: Tensor = self.played.fields[self.layer]["attention"]
        return attention + self.game.learning_rate * self.played.answers[self.layer + 1].change[..., :-1]

    def gain(self, moves: Tensor) -> Tensor:
        """Return the gain in utility of each neuron by its own move of the activity.

        Args:
            moves: (J, B), what each neuron adds to its activity.
        """
        neurons = torch.arange(len(moves))
        return torch.cat([self._gain(chunk, moves[chunk]) for chunk in torch.split(neurons, CHUNK)])

    def synapse_gain(self, moves: Tensor) -> Tensor:
        """Return the gain in utility of each neuron by its own move of its synapses.

        Args:
            moves: (J, S), what each neuron adds to its weights and, last, its bias. What its policy adds in `speak` is kept.
        """
        layer, fields = self.game.layers[self.layer], self.played.fields[self.layer]
        heard, potential = fields["speaker_activity"], fields["potential"]
        connected = moves * fields["synapse_mask"]
        moved = potential + heard @ connected[:, :-1].T + connected[:, -1]
        return self.gain((layer.activation.value(xp, moved) - layer.activation.value(xp, potential)).T)

    def _gain(self, neurons: Tensor, moves: Tensor) -> Tensor:
        """Return the gain of M neurons, (M,), each in a replica of its own, by moves (M, B)."""
        only = torch.nn.functional.one_hot(neurons, self.activity.shape[-1]).to(moves.dtype)
        added = moves[:, :, None] * only[:, None, :]
        above = self.layer + 1
        before = self.played.answers[above].change
        if self.react:
            after = self.game.play(self.inputs, self.targets, moves={self.layer: added}, lowest=above).answers[above].change
        else:
            fields = self.played.fields[above] | {"speaker_activity": self.activity + added}
            after = self.game.layers[above].answer(fields, self.played.demands[above]).change
        rows = torch.arange(len(neurons))
        difference = self.game.learning_rate * (after[rows, :, neurons] - before[:, neurons].T)
        return (difference * (self.anticipated[:, neurons].T + 0.5 * difference)).sum(dim=1)


def slope(gain: Gain, at: Tensor) -> Tensor:
    """Return the slope of each neuron's gain in its own move, (J, N), by autograd through the round."""
    free = at.detach().clone().requires_grad_()
    (found,) = torch.autograd.grad(gain(free).sum(), free)
    return found


def best_moves(gain: Gain, size: int, radius: Tensor, steps: int = ASCENT_STEPS) -> Tensor:
    """Return the best move found for each neuron on the edge of its ball, (J, N); 0 where no move has a slope.

    The search begins along the slope, and turns each move towards the slope at its end. A turn that does not gain is made half as
    far. Where the gain is convex, as at fixed demands and without a budget, turns always gain, and the result is that of
    Proposition 4 for balls in which the slope at the centre decides the side.

    Args:
        gain: Gain of each neuron by its move.
        size: Length N of a move.
        radius: (J,), radius of each neuron's ball.
        steps: Largest number of turns.
    """
    start = torch.zeros(len(radius), size, dtype=torch.float64)
    radius = radius[:, None]
    move = radius * _unit(slope(gain, start))
    value, turn = gain(move).detach(), torch.ones_like(radius)
    for _ in range(steps):
        if bool((turn < LEAST_TURN).all()):
            break
        ahead = radius * _unit((1.0 - turn) * _unit(move) + turn * _unit(slope(gain, move)))
        reached = gain(ahead).detach()
        better = reached > value
        move, value = torch.where(better[:, None], ahead, move), torch.where(better, reached, value)
        turn = torch.where(better[:, None], turn, 0.5 * turn)
    return move.detach()


def _unit(rows: Tensor) -> Tensor:
    length = torch.linalg.vector_norm(rows, dim=1, keepdim=True)
    return rows / torch.where(length > 0, length, torch.ones_like(length))
