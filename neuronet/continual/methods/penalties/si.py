"""Synaptic intelligence: what has brought the loss down is held.

Zenke, Poole, Ganguli 2017, "Continual learning through synaptic intelligence" (arXiv 1703.04200).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from neuronet.continual.methods.base import LearnerConfig, Method, Range, TaskInfo
from neuronet.continual.methods.penalties.quadratic_penalty import QuadraticLearner
from neuronet.core.errors import check_number


@dataclass(frozen=True)
class SI(Method):
    """A penalty around the parameters at the end of the last task, by what each has earned on its way there.

    Args:
        strength: c, 0 or more; the penalty is `c * sum Omega (theta - theta')^2`.
        damping: xi, above 0: added to the squared way, below which little has been learned about a parameter.
    """

    strength: float = 0.1
    damping: float = 0.1

    ranges: ClassVar[Mapping[str, Range]] = {"strength": (1e-3, 1e2)}

    def __post_init__(self) -> None:
        check_number("strength", self.strength, 0)
        check_number("damping", self.damping, 0, above=True)

    def learner(self, config: LearnerConfig) -> SILearner:
        """Networks that keep an account for each parameter."""
        return SILearner(config, self.strength, self.damping)


class SILearner(QuadraticLearner):
    """Keeps an account of each parameter's earnings while a task lasts.

    Args:
        config: What all learners begin with.
        strength: c.
        damping: xi.
    """

    needs_after_step = True

    def __init__(self, config: LearnerConfig, strength: float, damping: float) -> None:
        super().__init__(config, 2 * strength)  # its penalty is not halved
        self._damping = damping
        self._importances = [torch.zeros_like(each, requires_grad=False) for each in self.parameters]
        self._reset()

    def _reset(self) -> None:
        self._path_integral = [torch.zeros_like(each) for each in self._importances]
        self._initial_parameters = [each.detach().clone() for each in self.parameters]

    def begin_task(self, task_info: TaskInfo) -> None:
        """Open new accounts."""
        super().begin_task(task_info)
        self._reset()

    def after_step(self, gradients: Sequence[Tensor], changes: Sequence[Tensor]) -> None:
        """Each step earns minus the gradient times the change."""
        for path_integral, gradient, change in zip(self._path_integral, gradients, changes, strict=True):
            path_integral.sub_(gradient * change)

    def end_task(self) -> None:
        """Add what was earned per squared way, never less than nothing; hold all that was added so far where it is now."""
        for importance, path_integral, initial, now in zip(
            self._importances, self._path_integral, self._initial_parameters, self.parameters, strict=True
        ):
            squared_distance = (now.detach() - initial) ** 2
            importance.add_(torch.relu(path_integral) / (squared_distance + self._damping))
        self.add_penalty(self._importances, decay=0.0)
