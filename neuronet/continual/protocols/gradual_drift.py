"""Gradual drift: around the border between two tasks, samples of both come mixed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuronet.continual.evaluation.replicated_dataset import ReplicatedDataset
from neuronet.core.random_streams import Purpose, generator

DRIFT_STREAM = 3
"""What chance is for, within a task: which samples are another task's."""


def neighbour_fraction(rounds: int, blend: float) -> NDArray[np.float64]:
    """The share of samples that are the next task's (above 0) or the last one's (minus it) in each round of a task, (rounds,).

    Over `blend` of a task's length, centred at the border, the share of the later task grows evenly from 0 to 1.

    Args:
        rounds: Of the task.
        blend: Above 0, at most 1.
    """
    times = (np.arange(rounds) + 0.5) / rounds
    of_next = np.clip((times - 1) / blend + 0.5, 0.0, 0.5)
    of_last = np.clip(0.5 - times / blend, 0.0, 0.5)
    return of_next - of_last


class GradualDrift:
    """Mixes the samples of a task's neighbours into its rounds.

    Args:
        last: The training samples of the task before; None for the first.
        following: Those of the task after; None for the last.
        fractions: As `neighbour_fraction` gives them.
        seeds: (R,).
        number: The task's, from 0.
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
        """The samples of a round, some of them exchanged for a neighbour's."""
        fraction = float(self._fractions[step])
        other = self._following if fraction > 0 else self._last
        if fraction == 0 or other is None:
            return inputs, targets
        size = targets.shape[1]
        taken = torch.tensor(np.stack([rng.random(size) < abs(fraction) for rng in self._rngs]), device=targets.device)
        places = [rng.integers(count, size=size) for rng, count in zip(self._rngs, other.counts, strict=True)]
        theirs, answers = other.take(places)
        return torch.where(taken[..., None], theirs, inputs), torch.where(taken, answers, targets)
