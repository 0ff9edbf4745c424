"""Reservoir: a memory of fixed size in which every sample so far is with the same probability.

Vitter 1985, "Random sampling with a reservoir" (ACM Transactions on Mathematical Software 11), algorithm R.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from neuronet.continual.methods.base import Batch, LearnerConfig, TaskInfo
from neuronet.continual.methods.finetuning import RESERVOIR_STREAM, BackpropLearner, BackpropMethod
from neuronet.core import ConfigurationError, Purpose, check_number, generator


class Reservoir:
    """Reservoir of R replicas, with samples of their own.

    Args:
        capacity: Number of samples (>= 1).
        seeds: Seed of each replica, (R,).

    Attributes:
        capacity: Number of samples.
        seen: Samples so far.
    """

    def __init__(self, capacity: int, seeds: Sequence[int]) -> None:
        self.capacity, self.seen = capacity, 0
        self._rngs = [generator(seed, Purpose.TASKS, 0, RESERVOIR_STREAM) for seed in seeds]
        self._columns: list[Tensor] = []

    def __len__(self) -> int:
        """Return the number of samples that are stored."""
        return min(self.seen, self.capacity)

    def add(self, columns: Sequence[Tensor]) -> None:
        """Offer samples, one after another; each replaces a stored one with probability `capacity / seen`.

        Args:
            columns: (R, B, ...) each: parts of the samples, always the same ones.
        """
        if not self._columns:
            self._columns = [c.detach().new_zeros(len(c), self.capacity, *c.shape[2:]) for c in columns]
        numbers = self.seen + np.arange(columns[0].shape[1])
        for replica, rng in enumerate(self._rngs):
            places = np.where(numbers < self.capacity, numbers, rng.integers(0, numbers + 1))
            kept = {int(place): sample for sample, place in enumerate(places) if place < self.capacity}  # the last one stays
            rows = torch.as_tensor(list(kept), dtype=torch.int64, device=columns[0].device)
            samples = torch.as_tensor(list(kept.values()), dtype=torch.int64, device=columns[0].device)
            for stored, column in zip(self._columns, columns, strict=True):
                stored[replica, rows] = column.detach()[replica, samples]
        self.seen += len(numbers)

    def contents(self) -> list[Tensor]:
        """Return the parts of all stored samples, (R, stored, ...) each."""
        return [column[:, : len(self)] for column in self._columns]

    def draw(self, size: int) -> list[Tensor]:
        """Return a number of stored samples, drawn with replacement: the parts, (R, size, ...) each."""
        places = np.stack([rng.integers(0, len(self), size) for rng in self._rngs])
        rows = torch.as_tensor(places, device=self._columns[0].device)
        replicas = torch.arange(len(rows), device=rows.device)[:, None]
        return [stored[replicas, rows] for stored in self._columns]


@dataclass(frozen=True)
class RehearsalMethod(BackpropMethod):
    """Base of the methods with a reservoir.

    Args:
        memory: Bytes of the reservoir (>= 1): its samples with their targets, unscaled, and what else is stored of them.
    """

    memory: int = 1_000_000

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("memory", self.memory, 1, whole=True)


class RehearsalLearner(BackpropLearner):
    """Learner that offers all samples to a reservoir after their round.

    Args:
        config: Initial values.
        memory: Bytes of the reservoir.

    Attributes:
        keeps_outputs: Whether outputs are stored, too, 4 bytes each.
        reservoir: The reservoir; None before the first task.
    """

    uncounted = frozenset({"reservoir"})
    keeps_outputs = False

    def __init__(self, config: LearnerConfig, memory: int) -> None:
        super().__init__(config)
        self._memory = memory
        self._bytes_of_sample = 0
        self.reservoir: Reservoir | None = None

    def begin_task(self, task_info: TaskInfo) -> None:
        """Make the reservoir, when the size of a sample is known.

        Raises:
            ConfigurationError: The memory is too small for a sample.
        """
        super().begin_task(task_info)
        if self.reservoir is None:
            extra = 4 * self.biases[-1].shape[-1] if self.keeps_outputs else 0
            self._bytes_of_sample = task_info.dataset.sample_bytes + extra
            if self._memory < self._bytes_of_sample:
                raise ConfigurationError(f"memory must be {self._bytes_of_sample} bytes or more for a sample, got {self._memory}")
            self.reservoir = Reservoir(self._memory // self._bytes_of_sample, self.seeds)

    @property
    def stored(self) -> Reservoir | None:
        """The reservoir, if it holds a sample."""
        return self.reservoir if self.reservoir is not None and len(self.reservoir) else None

    def train_batch(self, batch: Batch) -> None:
        """Make one step, and offer the samples to the reservoir."""
        columns = [batch.inputs, batch.targets, batch.active_classes.expand(-1, batch.targets.shape[1], -1)]
        if self.keeps_outputs:
            columns.append(self.outputs(batch.inputs))
        super().train_batch(batch)
        if self.reservoir is not None:
            self.reservoir.add(columns)

    def rehearsed(self, size: int) -> tuple[Batch, list[Tensor]]:
        """Return stored samples, and what else is stored of them.

        Their active classes are their own where the task is known at test time, and the present ones otherwise.
        """
        if self.stored is None:
            raise ConfigurationError("a reservoir has no samples before the first round")
        inputs, targets, active, *more = self.stored.draw(size)
        task = self.current_task
        return Batch(inputs, targets, active if task.task_id_given else task.active_classes), more

    def kept_bytes(self) -> int:
        """Return the bytes of the stored samples, and of the optimizer."""
        samples = 0 if self.reservoir is None else len(self.seeds) * len(self.reservoir) * self._bytes_of_sample
        return samples + super().kept_bytes()
