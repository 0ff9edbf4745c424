"""The context of a round of the agent engine: what belongs to this round alone, made for each round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Bools

Floats = NDArray[np.floating[Any]]


@dataclass(eq=False)
class RoundContext:
    """What the neurons of all layers know of a round.

    Attributes:
        number: Number of the round, from 0.
        learning: Whether the neurons learn from this round.
        learning_rate: eta.
        inputs: (I, B), values that the input neurons say.
        active: Mask (J,) of the neurons of each layer that are awake, None for all; empty if all are in every layer.
        output_feedback: (O, B), how each output neuron should want its activity to move; None before the payoff.
        broadcast: (B, O), demands of the output neurons; None before the payoff.
        reward: (B,), minus each sample's loss; None before the payoff.
    """

    number: int
    learning: bool
    learning_rate: float
    inputs: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    active: Sequence[Bools | None] = ()
    output_feedback: Floats | None = None
    broadcast: Floats | None = None
    reward: Floats | None = None

    def is_active(self, layer: int, index: int) -> bool:
        """Return whether a neuron is awake in this round."""
        mask = self.active[layer] if self.active else None
        return mask is None or bool(mask[index])
