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

from neuronet.continual.methods.base import Batch, LearnerConfig, Method, TaskInfo
from neuronet.continual.methods.finetuning import BackpropLearner
from neuronet.core.errors import check_number
from neuronet.core.random_streams import Purpose, generator

STORAGE_STREAM, REPLAY_STREAM = 1, 2
"""What chance is for, within a task: which samples are kept, and which are played again."""


@dataclass(frozen=True)
class Replay(Method):
    """Error backpropagation on each batch and as many samples of earlier tasks.

    Args:
        samples_per_task: Samples kept of each task, drawn at random, 1 or more.
    """

    samples_per_task: int = 100

    def __post_init__(self) -> None:
        check_number("samples_per_task", self.samples_per_task, 1, whole=True)

    def learner(self, config: LearnerConfig) -> ReplayLearner:
        """Networks with a memory for samples."""
        return ReplayLearner(config, self.samples_per_task)


@dataclass(frozen=True)
class Joint(Method):
    """Replay that keeps everything: all tasks so far are learned together."""

    def learner(self, config: LearnerConfig) -> ReplayLearner:
        """Networks that keep all samples."""
        return ReplayLearner(config, None)


class ReplayLearner(BackpropLearner):
    """Keeps samples at the end of each task.

    Args:
        config: What all learners begin with.
        samples_per_task: Of each task; None for all.
    """

    def __init__(self, config: LearnerConfig, samples_per_task: int | None) -> None:
        super().__init__(config)
        self._samples_per_task = samples_per_task
        self._stored: list[tuple[TaskInfo, list[NDArray[np.int64]]]] = []
        self._rngs: list[np.random.Generator] = []
        self._next_task = 0

    def begin_task(self, task_info: TaskInfo) -> None:
        """Draw from now on by this task's chance."""
        super().begin_task(task_info)
        self._rngs = [generator(seed, Purpose.TASKS, task_info.number, REPLAY_STREAM) for seed in self.seeds]
        self._next_task = 0

    def end_task(self) -> None:
        """Keep some samples of this task."""
        if self.task_info is None:
            return
        rngs = [generator(seed, Purpose.TASKS, self.task_info.number, STORAGE_STREAM) for seed in self.seeds]
        each = zip(rngs, self.task_info.dataset.counts, strict=True)
        self._stored.append((self.task_info, [rng.permutation(count)[: self._samples_per_task] for rng, count in each]))

    def loss(self, batch: Batch) -> Tensor:
        """The loss of the batch, and of as many kept samples, each task having the same weight."""
        now = super().loss(batch)
        if not self._stored:
            return now
        replayed = self._draw_batch(batch.targets.shape[1])
        again = super().loss(replayed)
        return (now + len(self._stored) * again) / (len(self._stored) + 1)

    def _draw_batch(self, size: int) -> Batch:
        """Kept samples at random, the earlier tasks taking turns."""
        task_indices = (self._next_task + np.arange(size)) % len(self._stored)
        self._next_task = (self._next_task + size) % len(self._stored)
        shares = np.bincount(task_indices, minlength=len(self._stored)).tolist()
        parts = [self._draw_from_task(*stored, share) for stored, share in zip(self._stored, shares, strict=True) if share]
        return Batch(*(torch.cat(each, dim=1) for each in zip(*parts, strict=True)))

    def _draw_from_task(self, task_info: TaskInfo, indices: list[NDArray[np.int64]], size: int) -> tuple[Tensor, Tensor, Tensor]:
        places = [each[rng.integers(len(each), size=size)] for each, rng in zip(indices, self._rngs, strict=True)]
        inputs, targets = task_info.dataset.take(places)
        answering = task_info if task_info.task_id_given or self.task_info is None else self.task_info
        return inputs, targets, answering.active_classes.expand(-1, size, -1)
