"""Memory aware synapses: a quadratic penalty weighted by the sensitivity of the outputs; it needs no targets.

Aljundi et al. 2018, "Memory aware synapses: learning what (not) to forget" (arXiv 1711.09601).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from neuronet.continual.methods.base import LearnerConfig, TaskInfo
from neuronet.continual.methods.finetuning import BackpropMethod
from neuronet.continual.methods.penalties.quadratic_penalty import Importances, QuadraticLearner, mean_gradients
from neuronet.core import check_number


@dataclass(frozen=True)
class MAS(BackpropMethod):
    """Memory aware synapses: a penalty around the latest parameters, weighted by the sensitivity of the outputs' squared norm.

    Args:
        strength: Weight lambda of the penalty `lambda * sum Omega (theta - theta')^2` (>= 0).
    """

    strength: float = 0.1

    ranges: ClassVar = {"strength": (1e-3, 1e2)}

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("strength", self.strength, 0)

    def learner(self, config: LearnerConfig) -> MASLearner:
        """Return networks that measure their sensitivity after each task."""
        return MASLearner(config, self.strength)


class MASLearner(QuadraticLearner):
    """Learner that sums the sensitivities of all tasks.

    Args:
        config: Initial values.
        strength: Weight lambda of the penalty.
    """

    def __init__(self, config: LearnerConfig, strength: float) -> None:
        super().__init__(config, 2 * strength)  # this penalty is not halved
        self._importances = [torch.zeros_like(importance) for importance in self.total_importance]

    def end_task(self) -> None:
        """Add the task's sensitivity, and move the penalty to the present parameters."""
        task_importances = sensitivity(self, self.current_task)
        self._importances = [old + new for old, new in zip(self._importances, task_importances, strict=True)]
        self.add_penalty(self._importances, decay=0.0)


def sensitivity(learner: QuadraticLearner, task_info: TaskInfo) -> Importances:
    """Return the sensitivity `mean_x |d |outputs(x)|^2 / d theta|`, over the active outputs."""

    def objectives(outputs: Tensor) -> Iterator[Tensor]:
        yield (outputs * task_info.active_classes).square().sum(dim=-1)

    return mean_gradients(learner, task_info.dataset, objectives, torch.abs)
