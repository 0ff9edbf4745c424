"""Frozen trunk: after the first task the output layer alone goes on learning. A reference that cannot forget its features."""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.continual.methods.base import LearnerConfig, Method
from neuronet.continual.methods.finetuning import BackpropLearner


@dataclass(frozen=True)
class Frozen(Method):
    """Error backpropagation whose hidden layers hold still from the second task on."""

    def learner(self, config: LearnerConfig) -> FrozenLearner:
        """Networks that will freeze."""
        return FrozenLearner(config)


class FrozenLearner(BackpropLearner):
    """Holds all but the output layer still from the second task on."""

    def frozen_parameters(self) -> list[bool]:
        """Everything but the last weights and the last bias, once the first task is over."""
        frozen = self.task_info is not None and self.task_info.number > 0
        trunk = len(self.weights) - 1
        return [frozen and place % len(self.weights) < trunk for place in range(len(self.parameters))]
