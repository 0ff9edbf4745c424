"""Frozen trunk: after the first task only the output layer learns. A reference that cannot forget its features."""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.continual.methods.base import LearnerConfig
from neuronet.continual.methods.finetuning import BackpropLearner, BackpropMethod


@dataclass(frozen=True)
class Frozen(BackpropMethod):
    """Frozen trunk: backpropagation that trains only the output layer from the second task on; a reference."""

    def learner(self, config: LearnerConfig) -> FrozenLearner:
        """Return networks that will freeze their hidden layers."""
        return FrozenLearner(config)


class FrozenLearner(BackpropLearner):
    """Learner that freezes all hidden layers from the second task on."""

    def frozen_parameters(self) -> list[bool]:
        """Return True for all but the output layer's weights and bias, after the first task."""
        later_task = self.current_task.number > 0
        depth = len(self.weights)
        return [later_task and index % depth < depth - 1 for index in range(len(self.parameters))]
