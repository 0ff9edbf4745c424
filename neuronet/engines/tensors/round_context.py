"""The context of a round: what belongs to this round alone, made for each round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor


class LayerMasks(NamedTuple):
    """Masks of a layer in a round; None stands for a mask of ones.

    Attributes:
        speaking: (..., 1, J), 0 where a neuron's activity is 0.
        demand: (..., 1, J), 0 where a neuron's demand is 0.
        update: (..., J), False where a neuron keeps its weights, its optimizer state and its memory.
    """

    speaking: Tensor | None = None
    demand: Tensor | None = None
    update: Tensor | None = None


@dataclass(eq=False)
class RoundContext:
    """What all layers know of a round.

    Attributes:
        number: Number of the round, from 0.
        batch: Samples in the whole batch, of all processes.
        learning: Whether the neurons learn from this round.
        learning_rate: eta: a number, or (R, 1, 1) where replicas differ.
        masks: Masks of each listening layer.
        broadcast: (..., B, O), demands of the output neurons; None before the payoff.
        reward: (..., B), minus each sample's loss; None before the payoff, and where no layer reads it.
    """

    number: int
    batch: int
    learning: bool
    learning_rate: float | Tensor
    masks: Sequence[LayerMasks]
    broadcast: Tensor | None = None
    reward: Tensor | None = None
