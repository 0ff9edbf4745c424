"""Replay: samples of earlier tasks are stored and replayed; with all of them, joint training.

Robins 1995, "Catastrophic forgetting, rehearsal and pseudorehearsal"; the weights of the losses as in van de Ven, Tuytelaars,
Tolias 2022, "Three types of incremental learning". These are references: they store data, which the other methods must not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuronet.continual.methods.base import Batch, LearnerConfig, TaskInfo
from neuronet.continual.methods.finetuning import REPLAY_STREAM, STORAGE_STREAM, BackpropLearner, BackpropMethod
from neuronet.core import check_number


@dataclass(frozen=True)
class Replay(BackpropMethod):
    """Experience replay: backpropagation on each batch and as many stored samples of earlier tasks; a reference.

    Args:
        samples_per_task: Samples stored of each task, drawn at random (>= 1).
    """

    samples_per_task: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("samples_per_task", self.samples_per_task, 1, whole=True)

    def learner(self, config: LearnerConfig) -> ReplayLearner:
        """Return networks that store some samples."""
        return ReplayLearner(config, self.samples_per_task)


@dataclass(frozen=True)
class Joint(BackpropMethod):
    """Joint training: replay that stores all samples of all tasks; a reference."""

    def learner(self, config: LearnerConfig) -> ReplayLearner:
        """Return networks that store all samples."""
        return ReplayLearner(config, None)


class ReplayLearner(BackpropLearner):
    """Learner that stores samples at the end of each task.

    Args:
        config: Initial values.
        samples_per_task: Samples stored of each task; None for all.

    Attributes:
        stored: Each earlier task, with the indices of its stored samples for each replica.
    """

    uncounted = frozenset({"stored"})

    def __init__(self, config: LearnerConfig, samples_per_task: int | None) -> None:
        super().__init__(config)
        self._samples_per_task = samples_per_task
        self.stored: list[tuple[TaskInfo, list[NDArray[np.int64]]]] = []
        self._rngs: list[np.random.Generator] = []
        self._next_task = 0

    def begin_task(self, task_info: TaskInfo) -> None:
        """Start the task's random stream."""
        super().begin_task(task_info)
        self._rngs = self.task_rngs(REPLAY_STREAM)
        self._next_task = 0

    def end_task(self) -> None:
        """Store some samples of the task."""
        stored = [indices[: self._samples_per_task] for indices in self.shuffled_samples(STORAGE_STREAM)]
        self.stored.append((self.current_task, stored))

    def loss(self, batch: Batch) -> Tensor:
        """Return the loss of the batch and of as many stored samples, (R,), with equal weight for each task."""
        new_loss = super().loss(batch)
        if not self.stored:
            return new_loss
        replayed_loss = super().loss(self.draw_batch(batch.targets.shape[1]))
        return (new_loss + len(self.stored) * replayed_loss) / (len(self.stored) + 1)

    def draw_batch(self, size: int) -> Batch:
        """Return a number of stored samples at random, taken from the earlier tasks in rotation."""
        task_indices = (self._next_task + np.arange(size)) % len(self.stored)
        self._next_task = (self._next_task + size) % len(self.stored)
        counts = np.bincount(task_indices, minlength=len(self.stored)).tolist()
        parts = [self._draw_from_task(*stored, count) for stored, count in zip(self.stored, counts, strict=True) if count]
        return Batch(*(torch.cat(tensors, dim=1) for tensors in zip(*parts, strict=True)))

    def _draw_from_task(self, task_info: TaskInfo, stored: list[NDArray[np.int64]], size: int) -> tuple[Tensor, Tensor, Tensor]:
        chosen = [indices[rng.integers(len(indices), size=size)] for indices, rng in zip(stored, self._rngs, strict=True)]
        inputs, targets = task_info.dataset.take(chosen)
        active = task_info if task_info.task_id_given else self.current_task
        return inputs, targets, active.active_classes.expand(-1, size, -1)

    def kept_bytes(self) -> int:
        """Return the bytes of the stored samples with their targets, and of the optimizer."""
        samples = sum(task.dataset.sample_bytes * len(indices) for task, stored in self.stored for indices in stored)
        return samples + super().kept_bytes()
