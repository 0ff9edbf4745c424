"""Replay: samples of earlier tasks are kept and played again; with all of them, joint training.

Robins 1995, "Catastrophic forgetting, rehearsal and pseudorehearsal"; the weights of the losses as in van de Ven, Tuytelaars,
Tolias 2022, "Three types of incremental learning". These are references: they keep data, which the others may not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuronet.continual.methods.base import Batch, Lesson, Method, Start
from neuronet.continual.methods.finetuning import BackpropLearner
from neuronet.core.errors import check_number
from neuronet.core.random_streams import Purpose, generator

CHOOSING, PLAYING = 1, 2
"""What chance is for, within a task: which samples are kept, and which are played again."""


@dataclass(frozen=True)
class Replay(Method):
    """Error backpropagation on each batch and as many samples of earlier tasks.

    Args:
        kept: Samples kept of each task, drawn at random, 1 or more.
    """

    kept: int = 100

    def __post_init__(self) -> None:
        check_number("kept", self.kept, 1, whole=True)

    def learner(self, start: Start) -> ReplayLearner:
        """Networks with a memory for samples."""
        return ReplayLearner(start, self.kept)


@dataclass(frozen=True)
class Joint(Method):
    """Replay that keeps everything: all tasks so far are learned together."""

    def learner(self, start: Start) -> ReplayLearner:
        """Networks that keep all samples."""
        return ReplayLearner(start, None)


class ReplayLearner(BackpropLearner):
    """Keeps samples at the end of each task.

    Args:
        start: What all learners begin with.
        kept: Of each task; None for all.
    """

    def __init__(self, start: Start, kept: int | None) -> None:
        super().__init__(start)
        self._kept = kept
        self._past: list[tuple[Lesson, list[NDArray[np.int64]]]] = []
        self._chances: list[np.random.Generator] = []
        self._turn = 0

    def begin_task(self, lesson: Lesson) -> None:
        """Draw from now on by this task's chance."""
        super().begin_task(lesson)
        self._chances = [generator(seed, Purpose.TASKS, lesson.number, PLAYING) for seed in self.seeds]
        self._turn = 0

    def end_task(self) -> None:
        """Keep some samples of this task."""
        if self.lesson is None:
            return
        chances = [generator(seed, Purpose.TASKS, self.lesson.number, CHOOSING) for seed in self.seeds]
        each = zip(chances, self.lesson.deck.counts, strict=True)
        self._past.append((self.lesson, [chance.permutation(count)[: self._kept] for chance, count in each]))

    def loss(self, batch: Batch) -> Tensor:
        """The loss of the batch, and of as many kept samples, each task having the same weight."""
        now = super().loss(batch)
        if not self._past:
            return now
        kept = self._drawn(batch.targets.shape[1])
        again = super().loss(kept)
        return (now + len(self._past) * again) / (len(self._past) + 1)

    def _drawn(self, size: int) -> Batch:
        """Kept samples at random, the earlier tasks taking turns."""
        turns = (self._turn + np.arange(size)) % len(self._past)
        self._turn = (self._turn + size) % len(self._past)
        shares = np.bincount(turns, minlength=len(self._past)).tolist()
        parts = [self._some(*past, share) for past, share in zip(self._past, shares, strict=True) if share]
        return Batch(*(torch.cat(each, dim=1) for each in zip(*parts, strict=True)))

    def _some(self, lesson: Lesson, kept: list[NDArray[np.int64]], size: int) -> tuple[Tensor, Tensor, Tensor]:
        places = [each[chance.integers(len(each), size=size)] for each, chance in zip(kept, self._chances, strict=True)]
        inputs, targets = lesson.deck.at(places)
        answering = lesson if lesson.told or self.lesson is None else self.lesson
        return inputs, targets, answering.open.expand(-1, size, -1)
