"""Synaptic intelligence: a quadratic penalty weighted by each parameter's contribution to the decrease of the loss.

Zenke, Poole, Ganguli 2017, "Continual learning through synaptic intelligence" (arXiv 1703.04200).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from neuronet.continual.methods.base import LearnerConfig, TaskInfo
from neuronet.continual.methods.finetuning import BackpropMethod
from neuronet.continual.methods.penalties.quadratic_penalty import QuadraticLearner
from neuronet.core import check_number


@dataclass(frozen=True)
class SI(BackpropMethod):
    """Synaptic intelligence: a penalty around the latest parameters, weighted by their path integrals of the loss.

    Args:
        strength: Weight c of the penalty `c * sum Omega (theta - theta')^2` (>= 0).
        damping: Constant xi added to the squared distance that a parameter has moved (> 0).
    """

    strength: float = 0.1
    damping: float = 0.1

    ranges: ClassVar = {"strength": (1e-3, 1e2)}

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("strength", self.strength, 0)
        check_number("damping", self.damping, 0, above=True)

    def learner(self, config: LearnerConfig) -> SILearner:
        """Return networks that accumulate a path integral for each parameter."""
        return SILearner(config, self)


class SILearner(QuadraticLearner):
    """Learner that accumulates the path integral of the loss for each parameter.

    Args:
        config: Initial values.
        method: The method with its parameters.

    Attributes:
        importances: Importance Omega of each parameter.
        path_integral: Contribution of each parameter to the decrease of the loss within the present task.
    """

    needs_after_step = True

    def __init__(self, config: LearnerConfig, method: SI) -> None:
        super().__init__(config, 2 * method.strength)  # this penalty is not halved
        self._damping = method.damping
        self.importances = [torch.zeros_like(importance) for importance in self.total_importance]
        self._reset()

    def _reset(self) -> None:
        self.path_integral = [torch.zeros_like(importance) for importance in self.importances]
        self._initial_parameters = [parameter.detach().clone() for parameter in self.parameters]

    def begin_task(self, task_info: TaskInfo) -> None:
        """Reset the path integrals."""
        super().begin_task(task_info)
        self._reset()

    def after_step(self, gradients: Sequence[Tensor], changes: Sequence[Tensor]) -> None:
        """Subtract gradient times change from the path integrals."""
        for path_integral, gradient, change in zip(self.path_integral, gradients, changes, strict=True):
            path_integral.sub_(gradient * change)

    def end_task(self) -> None:
        """Add the positive path integrals over the squared distances, and move the penalty to the present parameters."""
        terms = zip(self.importances, self.path_integral, self._initial_parameters, self.parameters, strict=True)
        for importance, path_integral, initial, parameter in terms:
            squared_distance = (parameter.detach() - initial) ** 2
            importance.add_(torch.relu(path_integral) / (squared_distance + self._damping))
        self.add_penalty(self.importances, decay=0.0)
