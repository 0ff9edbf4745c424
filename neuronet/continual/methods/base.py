"""Contract of a learner: the same for networks of self-interested neurons and for the published methods.

R replicas (seeds), each with tasks of its own, are trained together, on a leading axis.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, TypeVar, cast

from torch import Tensor

from neuronet.continual.methods.kept_memory import array_bytes
from neuronet.continual.protocols.replicated_dataset import ReplicatedDataset
from neuronet.core import ConfigurationError, Network, Optimizer, Policy
from neuronet.engines.base import Setup

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples of one round.

    Attributes:
        inputs: (R, B, I), scaled.
        targets: (R, B), classes.
        active_classes: (R, B or 1, O), which outputs are active.
    """

    inputs: Tensor
    targets: Tensor
    active_classes: Tensor


@dataclass(frozen=True, eq=False)
class TaskInfo:
    """Information that a learner gets when a task begins; learners that need no task boundaries ignore it.

    Attributes:
        number: Index of the task.
        dataset: Training samples of the task.
        active_classes: (R, 1, O), which outputs are active while the task is learned.
        task_id_given: Whether earlier tasks keep their own active outputs; if not, the present ones are active for all tasks.
    """

    number: int
    dataset: ReplicatedDataset
    active_classes: Tensor
    task_id_given: bool


@dataclass(frozen=True, eq=False)
class LearnerConfig:
    """Initial values that every learner gets.

    Attributes:
        networks: Fresh network of each replica.
        seeds: Seed of each replica, (R,).
        optimizer: Optimizer of the parameters.
        learning_rate: Learning rate (> 0); nan for a method that uses none.
        batch_size: Samples a round.
        device: Device that computes.
        dtype: "float32" or "float64".
        watch: Makes the setup that is played of each replica's, if the learner has setups; None for the same.
        shape: Shape of the inputs of a sample, whose last two axes are those of an image; () if it is not known.
    """

    networks: Sequence[Network]
    seeds: Sequence[int]
    optimizer: Optimizer
    learning_rate: float
    batch_size: int
    device: str
    dtype: str
    watch: Callable[[Setup], Setup] | None = None
    shape: tuple[int, ...] = ()


class Learner(ABC):
    """R networks that learn a sequence of tasks.

    Calls for each task: `begin_task`, `train_batch` in every round, `end_task`. `outputs` may be called between rounds.

    Attributes:
        uncounted: Names of the attributes that `kept_bytes` leaves out.
    """

    uncounted: ClassVar[frozenset[str]] = frozenset()

    def begin_task(self, task_info: TaskInfo) -> None:  # noqa: B027 most methods have nothing to prepare
        """Prepare for a new task."""

    @abstractmethod
    def train_batch(self, batch: Batch) -> None:
        """Learn from one batch."""

    def set_lr_factor(self, factor: float) -> None:
        """Multiply the learning rate that the learner was made with by a factor, from the next round on.

        Raises:
            ConfigurationError: The learner does not support it.
        """
        raise ConfigurationError(f"{type(self).__name__} has a constant learning rate: leave late_lr_factor at 1")

    def end_task(self) -> None:  # noqa: B027
        """Finish the present task."""

    @abstractmethod
    def outputs(self, inputs: Tensor) -> Tensor:
        """Return the outputs (R, B, O) for inputs (R, B, I), without learning."""

    @abstractmethod
    def networks(self) -> list[Network]:
        """Return the present network of each replica."""

    @abstractmethod
    def close(self) -> None:
        """Release all memory."""

    def kept_bytes(self) -> int:
        """Return the bytes that all replicas together keep between rounds beyond their networks.

        Counted is every tensor and array reachable from the attributes, each storage once. Networks and samples of the present
        task are not counted.
        """
        kept = [value for name, value in vars(self).items() if name not in self.uncounted]
        return array_bytes(kept, excluded=self.network_tensors(), skipped=(Network, TaskInfo))

    def network_tensors(self) -> Sequence[Tensor]:
        """Return the tensors of the networks themselves, which `kept_bytes` does not count."""
        return ()


Range = tuple[float, float]


class Method(ABC):
    """Learning method with its parameters: a frozen dataclass that makes learners.

    Attributes:
        ranges: Parameters that tuning may choose besides the learning rate, with their lower and upper bounds (> 0); the
            search is on a logarithmic scale. A parameter with another value than its default is not tuned.
    """

    ranges: ClassVar[Mapping[str, Range]] = {}

    @property
    def uses_learning_rate(self) -> bool:
        """Whether the learning rate makes a difference; if not, it is not tuned, and learners get nan."""
        return True

    @property
    def own_optimizer(self) -> Optimizer | None:
        """Optimizer of its own; None for the study's optimizer."""
        return None

    @abstractmethod
    def learner(self, config: LearnerConfig) -> Learner:
        """Return new networks that learn by this method."""

    def neuron_policies(self, network: Network, seed: int) -> tuple[Policy, ...]:
        """Return the policies that the neurons of a network follow, by the method's setup from a seed; none without policies."""
        return ()

    def tunable_ranges(self) -> Mapping[str, Range]:
        """Return the ranges of the parameters that tuning may choose."""
        return unset_ranges(self, self.ranges)

    def with_parameters(self, values: Mapping[str, float]) -> Self:
        """Return the same method with other values of some parameters."""
        return replace_fields(self, values)


def unset_ranges(instance: Any, ranges: Mapping[str, Range]) -> dict[str, Range]:
    """Return the ranges of those fields of a dataclass instance that have their default values."""
    defaults = {name: field.default for name, field in instance.__dataclass_fields__.items()}
    return {name: span for name, span in ranges.items() if getattr(instance, name) == defaults[name]}


def replace_fields(instance: T, values: Mapping[str, Any]) -> T:
    """Return a copy of a dataclass instance with other values of some fields."""
    changed: T = replace(cast(Any, instance), **values)
    return changed
