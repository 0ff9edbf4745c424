"""Gradual drift: near the boundary between two tasks, batches contain samples of both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuronet.continual.protocols.replicated_dataset import ReplicatedDataset
from neuronet.core import Purpose, generator

DRIFT_STREAM = 3
"""Key of the random stream that selects the samples of a neighbouring task, within `Purpose.TASKS`."""


def neighbour_fraction(rounds: int, blend: float) -> NDArray[np.float64]:
    """Return the fraction of samples of a neighbouring task in each round of a task, (rounds,).

    Positive values mean the next task, negative values the previous one. Over `blend` of a task's length, centred at the
    boundary, the fraction of the later task grows linearly from 0 to 1.

    Args:
        rounds: Rounds of the task.
        blend: Fraction of the task's length (> 0, at most 1).
    """
    times = (np.arange(rounds) + 0.5) / rounds
    of_next = np.clip((times - 1) / blend + 0.5, 0.0, 0.5)
    of_last = np.clip(0.5 - times / blend, 0.0, 0.5)
    return of_next - of_last


class GradualDrift:
    """Mixer of a task's batches with samples of the neighbouring tasks.

    Args:
        last: Training samples of the previous task; None for the first task.
        following: Training samples of the next task; None for the last task.
        fractions: Fraction of a neighbour's samples in each round, (rounds,), from `neighbour_fraction`.
        seeds: Seed of each replica, (R,).
        number: Index of the task.
    """

    def __init__(
        self,
        last: ReplicatedDataset | None,
        following: ReplicatedDataset | None,
        fractions: NDArray[np.float64],
        seeds: Sequence[int],
        number: int,
    ) -> None:
        self._last, self._following, self._fractions = last, following, fractions
        self._rngs = [generator(seed, Purpose.TASKS, number, DRIFT_STREAM) for seed in seeds]

    def mix(self, step: int, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return the batch of a round, with some samples replaced by a neighbour's.

        Args:
            step: Round within the task, from 0.
            inputs: The task's own inputs, (R, B, I).
            targets: The task's own targets, (R, B).
        """
        fraction = float(self._fractions[step])
        neighbour = self._following if fraction > 0 else self._last
        if fraction == 0 or neighbour is None:
            return inputs, targets
        size = targets.shape[1]
        replaced = torch.tensor(np.stack([rng.random(size) < abs(fraction) for rng in self._rngs]), device=targets.device)
        indices = [rng.integers(count, size=size) for rng, count in zip(self._rngs, neighbour.counts, strict=True)]
        new_inputs, new_targets = neighbour.take(indices)
        return torch.where(replaced[..., None], new_inputs, inputs), torch.where(replaced, new_targets, targets)
