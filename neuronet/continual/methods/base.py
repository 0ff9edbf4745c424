"""What learns a sequence of tasks: one contract for networks of self-interested neurons and for the methods of others.

R replicas (seeds), each with tasks of its own, are played at once, on a leading axis.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import ClassVar, Self

from torch import Tensor

from neuronet.continual.evaluation.replicated_dataset import ReplicatedDataset
from neuronet.core.learning.optimizers import Optimizer
from neuronet.core.structure.network import Network


@dataclass(frozen=True, eq=False)
class Batch:
    """What is played in one round.

    Attributes:
        inputs: (R, B, I), scaled.
        targets: (R, B), classes.
        active_classes: (R, B or 1, O), which outputs may answer.
    """

    inputs: Tensor
    targets: Tensor
    active_classes: Tensor


@dataclass(frozen=True, eq=False)
class TaskInfo:
    """What a learner is told when a task begins; those that need no task boundaries ignore it.

    Attributes:
        number: Which task, from 0.
        dataset: Its training samples.
        active_classes: (R, 1, O), which outputs may answer while it is learned.
        task_id_given: Whether an earlier task keeps its own outputs; if not, those that are open now are open for all.
    """

    number: int
    dataset: ReplicatedDataset
    active_classes: Tensor
    task_id_given: bool


@dataclass(frozen=True, eq=False)
class LearnerConfig:
    """What every learner begins with.

    Attributes:
        networks: A fresh one for each seed.
        seeds: (R,).
        optimizer: How intended changes become changes.
        learning_rate: eta, above 0.
        batch_size: Samples a round.
        device: Where to compute.
        dtype: "float32" or "float64".
    """

    networks: Sequence[Network]
    seeds: Sequence[int]
    optimizer: Optimizer
    learning_rate: float
    batch_size: int
    device: str
    dtype: str


class Learner(ABC):
    """Networks under way through a sequence of tasks.

    Called in this order: for each task `begin_task`, `train_batch` for every round, `end_task`; `outputs` at any time between
    rounds.
    """

    def begin_task(self, task_info: TaskInfo) -> None:  # noqa: B027 an empty default, since most need to know nothing
        """A task begins."""

    @abstractmethod
    def train_batch(self, batch: Batch) -> None:
        """Learn from one batch."""

    def end_task(self) -> None:  # noqa: B027
        """The task that began last is over."""

    @abstractmethod
    def outputs(self, inputs: Tensor) -> Tensor:
        """What the networks say, (R, B, O), to inputs (R, B, I); nobody learns."""

    @abstractmethod
    def networks(self) -> list[Network]:
        """The networks as they are now."""

    @abstractmethod
    def close(self) -> None:
        """Give up all memory."""


Range = tuple[float, float]


class Method(ABC):
    """A way to learn, by its parameters: a frozen dataclass that makes learners.

    Attributes:
        ranges: What tuning chooses, besides the learning rate: a parameter's least and greatest value, both above 0; it is
            searched on a logarithmic scale. A parameter that is given another value than its default is left alone.
        optimizer: A optimizer of its own, or "" for that of the study.
    """

    ranges: ClassVar[Mapping[str, Range]] = {}
    optimizer: str = ""

    @abstractmethod
    def learner(self, config: LearnerConfig) -> Learner:
        """Networks that learn this way."""

    def tunable_ranges(self) -> Mapping[str, Range]:
        """The parameters that tuning may choose."""
        defaults = {field.name: field.default for field in fields(self)}  # type: ignore[arg-type]
        return {name: span for name, span in self.ranges.items() if getattr(self, name) == defaults[name]}

    def with_parameters(self, values: Mapping[str, float]) -> Self:
        """The same with other values of some parameters."""
        return replace(self, **values)  # type: ignore[type-var]
