"""Base of the methods that let weights change only in some directions.

A bias counts as the weight of an additional speaker with constant activity 1, so that it is projected with its listener's
weights.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from neuronet.continual.methods.base import LearnerConfig
from neuronet.continual.methods.finetuning import STORAGE_STREAM, BackpropLearner


class ProjectingLearner(BackpropLearner):
    """Learner that removes from each weight change the component that would disturb earlier tasks.

    The change is projected, not the gradient: equal under SGD, and the only way that also binds momentum and Adam. Where the
    task is known at test time, outputs that are active for the first time learn freely, since no earlier task uses them;
    otherwise all outputs are projected.

    Args:
        config: Initial values.

    Attributes:
        solver_dtype: Type in which bases and projectors are computed: float64 where the device has it.
    """

    needs_after_step = True

    def __init__(self, config: LearnerConfig) -> None:
        super().__init__(config)
        self.solver_dtype = torch.float32 if config.device.startswith("mps") else torch.float64
        self._previous_classes: Tensor | None = None

    @abstractmethod
    def forbidden_component(self, layer: int, change: Tensor) -> Tensor:
        """Return the component to remove from the change of a layer's weights and, last, bias: both (R, J, I + 1)."""

    def after_step(self, gradients: Sequence[Tensor], changes: Sequence[Tensor]) -> None:
        """Remove the forbidden component of the changes, from the second task on."""
        if self._previous_classes is None:
            return
        depth = len(self.weights)
        task = self.current_task
        for layer, (weights, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            change = torch.cat((changes[layer], changes[depth + layer][..., None]), dim=-1)
            forbidden = self.forbidden_component(layer, change)
            if layer == depth - 1 and task.task_id_given:
                forbidden = forbidden.masked_fill((task.active_classes & ~self._previous_classes).mT, 0.0)
            with torch.no_grad():
                weights.sub_(forbidden[..., :-1])
                bias.sub_(forbidden[..., -1])

    def end_task(self) -> None:
        """Store which outputs have been active."""
        active, previous = self.current_task.active_classes, self._previous_classes
        self._previous_classes = active if previous is None else previous | active

    def sample_layer_inputs(self, size: int, max_samples: int | None = None) -> Iterator[tuple[list[Tensor], Tensor]]:
        """Yield the inputs of each listening layer for the task's training samples, in random order, batch by batch.

        Args:
            size: Samples of a batch.
            max_samples: Samples in total; None for all.

        Yields:
            For each layer (R, B, I + 1), the constant input 1 last, and (R, B) whether each entry is a sample; other entries
            are zero.
        """
        drawn = [indices[:max_samples] for indices in self.shuffled_samples(STORAGE_STREAM)]
        for inputs, _, valid in self.current_task.dataset.subset(drawn).chunks(size):
            with torch.no_grad():
                layer_inputs = [inputs, *self.hidden_inputs(self.forward(inputs))]
            yield [self._with_bias_input(layer_input, valid) for layer_input in layer_inputs], valid

    def _with_bias_input(self, layer_input: Tensor, valid: Tensor) -> Tensor:
        extended = torch.cat((layer_input, torch.ones_like(layer_input[..., :1])), dim=-1)
        return (extended * valid[..., None]).to(self.solver_dtype)
