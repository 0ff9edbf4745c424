"""Learning without forgetting: on the new task's inputs, the outputs stay close to those from before the task.

Li and Hoiem 2016, "Learning without forgetting" (arXiv 1606.09282); distillation after
Hinton, Vinyals, Dean 2015 (arXiv 1503.02531).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from neuronet.continual.methods.base import Batch, LearnerConfig
from neuronet.continual.methods.finetuning import BackpropLearner, BackpropMethod, mask_outputs
from neuronet.core import check_number


@dataclass(frozen=True)
class LwF(BackpropMethod):
    """Learning without forgetting: the loss plus the divergence from the outputs of the network before the task.

    Args:
        strength: Weight of the divergence (>= 0).
        temperature: Divisor of the outputs before their softmax (> 0).
    """

    strength: float = 1.0
    temperature: float = 2.0

    ranges: ClassVar = {"strength": (1e-2, 1e2)}

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("strength", self.strength, 0)
        check_number("temperature", self.temperature, 0, above=True)

    def learner(self, config: LearnerConfig) -> LwFLearner:
        """Return networks that store their parameters at the end of each task."""
        return LwFLearner(config, self)


class LwFLearner(BackpropLearner):
    """Learner that stores its parameters and the active classes at the end of each task.

    Args:
        config: Initial values.
        method: The method with its parameters.
    """

    def __init__(self, config: LearnerConfig, method: LwF) -> None:
        super().__init__(config)
        self._method = method
        self._previous_parameters: list[Tensor] = []
        self._earlier_classes: list[Tensor] = []

    def end_task(self) -> None:
        """Store the parameters and the active classes; outputs that all tasks share are stored once."""
        self._previous_parameters = [parameter.detach().clone() for parameter in self.parameters]
        earlier = self._earlier_classes if self.current_task.task_id_given else []
        self._earlier_classes = [*earlier, self.current_task.active_classes]

    def loss(self, batch: Batch) -> Tensor:
        """Return the loss of the batch plus the mean divergence over the earlier tasks' outputs, (R,)."""
        outputs = self.forward(batch.inputs)[-1]
        task_loss = self.loss_of(outputs, batch)
        if not self._earlier_classes:
            return task_loss
        with torch.no_grad():
            previous_outputs = self.forward(batch.inputs, self._previous_parameters)[-1]
        divergences = [self.divergence(previous_outputs, outputs, classes) for classes in self._earlier_classes]
        return task_loss + self._method.strength * torch.stack(divergences).mean(dim=0)

    def divergence(self, previous_outputs: Tensor, outputs: Tensor, classes: Tensor) -> Tensor:
        """Return the Kullback-Leibler divergence of softened outputs, times the squared temperature, (R,).

        Args:
            previous_outputs: (R, B, O), of the stored parameters.
            outputs: (R, B, O), of the present ones.
            classes: (R, 1, O), the outputs that are compared.
        """
        temperature = self._method.temperature
        previous, present = (
            torch.log_softmax(mask_outputs(values / temperature, classes), dim=-1).masked_fill(~classes, 0.0)
            for values in (previous_outputs, outputs)
        )
        probability = previous.exp() * classes
        return temperature**2 * (probability * (previous - present)).sum(dim=-1).mean(dim=-1)
