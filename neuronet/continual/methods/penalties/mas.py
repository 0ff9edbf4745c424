"""Memory aware synapses: what the outputs are sensitive to is held, whatever they should have been.

Aljundi et al. 2018, "Memory aware synapses: learning what (not) to forget" (arXiv 1711.09601).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from neuronet.continual.methods.base import LearnerConfig, Method, Range, TaskInfo
from neuronet.continual.methods.penalties.quadratic_penalty import Importances, QuadraticLearner, absolute_gradients
from neuronet.core.errors import check_number


@dataclass(frozen=True)
class MAS(Method):
    """A penalty around the parameters at the end of the last task, by the sensitivity of the outputs' squared length.

    Args:
        strength: lambda, 0 or more; the penalty is `lambda * sum Omega (theta - theta')^2`.
    """

    strength: float = 0.1

    ranges: ClassVar[Mapping[str, Range]] = {"strength": (1e-3, 1e2)}

    def __post_init__(self) -> None:
        check_number("strength", self.strength, 0)

    def learner(self, config: LearnerConfig) -> MASLearner:
        """Networks that measure their sensitivity after each task."""
        return MASLearner(config, self.strength)


class MASLearner(QuadraticLearner):
    """Adds up the sensitivities of all tasks.

    Args:
        config: What all learners begin with.
        strength: lambda.
    """

    def __init__(self, config: LearnerConfig, strength: float) -> None:
        super().__init__(config, 2 * strength)  # its penalty is not halved
        self._importances: Importances = []

    def end_task(self) -> None:
        """Hold all that matters so far where it is now."""
        if self.task_info is None:
            return
        new = sensitivity(self, self.task_info)
        before = self._importances or [each * 0 for each in new]
        self._importances = [old + each for old, each in zip(before, new, strict=True)]
        self.add_penalty(self._importances, decay=0.0)


def sensitivity(learner: QuadraticLearner, task_info: TaskInfo) -> Importances:
    """`mean_x |d |outputs(x)|^2 / d theta|`, over the outputs that may answer."""

    def objectives(outputs: Tensor) -> Iterator[Tensor]:
        yield (outputs * task_info.active_classes).square().sum(dim=-1)

    return absolute_gradients(learner, task_info.dataset, objectives)
