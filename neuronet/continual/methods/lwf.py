"""Learning without forgetting: on the new task's inputs, the outputs stay near to what they were before it.

Li and Hoiem 2016, "Learning without forgetting" (arXiv 1606.09282); distillation after
Hinton, Vinyals, Dean 2015 (arXiv 1503.02531).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from neuronet.continual.methods.base import Batch, LearnerConfig, Method, Range
from neuronet.continual.methods.finetuning import BackpropLearner, mask_outputs
from neuronet.core.errors import check_number


@dataclass(frozen=True)
class LwF(Method):
    """Error backpropagation of the loss plus the divergence from what the network answered when the task began.

    Args:
        strength: Of the divergence, 0 or more.
        temperature: By which outputs are divided before their softmax, above 0.
    """

    strength: float = 1.0
    temperature: float = 2.0

    ranges: ClassVar[Mapping[str, Range]] = {"strength": (1e-2, 1e2)}

    def __post_init__(self) -> None:
        check_number("strength", self.strength, 0)
        check_number("temperature", self.temperature, 0, above=True)

    def learner(self, config: LearnerConfig) -> LwFLearner:
        """Networks that remember how they answered."""
        return LwFLearner(config, self.strength, self.temperature)


class LwFLearner(BackpropLearner):
    """Keeps a copy of its parameters from the end of the last task, and which outputs were open in earlier ones.

    Args:
        config: What all learners begin with.
        strength: Of the divergence.
        temperature: Of the softmax.
    """

    def __init__(self, config: LearnerConfig, strength: float, temperature: float) -> None:
        super().__init__(config)
        self._strength, self._temperature = strength, temperature
        self._previous_parameters: list[Tensor] = []
        self._earlier_classes: list[Tensor] = []

    def end_task(self) -> None:
        """Remember how this task was answered; a head that later tasks share is remembered once."""
        if self.task_info is not None:
            self._previous_parameters = [each.detach().clone() for each in self.parameters]
            self._earlier_classes = [
                *(self._earlier_classes if self.task_info.task_id_given else []),
                self.task_info.active_classes,
            ]

    def loss(self, batch: Batch) -> Tensor:
        """The loss of the batch, and the mean divergence of each earlier head."""
        outputs = self.forward(batch.inputs)[-1]
        now = self.loss_of(outputs, batch)
        if not self._earlier_classes:
            return now
        previous_outputs = self._previous_outputs(batch.inputs)
        divergences = [self.divergence(previous_outputs, outputs, head) for head in self._earlier_classes]
        return now + self._strength * torch.stack(divergences).mean(dim=0)

    def divergence(self, previous_outputs: Tensor, outputs: Tensor, head: Tensor) -> Tensor:
        """The Kullback-Leibler divergence of softened answers among a head's classes, times the squared temperature, (R,)."""
        was, now = (
            torch.log_softmax(mask_outputs(each / self._temperature, head), dim=-1).masked_fill(~head, 0.0)
            for each in (previous_outputs, outputs)
        )
        share = was.exp() * head
        return self._temperature**2 * (share * (was - now)).sum(dim=-1).mean(dim=-1)

    def _previous_outputs(self, inputs: Tensor) -> Tensor:
        with torch.no_grad():
            return self.forward(inputs, self._previous_parameters)[-1]
