"""Base of the methods that let weights change only in some directions.

A bias counts as the weight of an additional speaker with constant activity 1, so that it is projected with its listener's
weights.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from neuronet.continual.methods.base import LearnerConfig, TaskInfo
from neuronet.continual.methods.finetuning import BackpropLearner
from neuronet.continual.methods.replay import STORAGE_STREAM
from neuronet.core import NeuroNetError, Purpose, generator


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

    @property
    def current_task(self) -> TaskInfo:
        """The present task, or the last one.

        Raises:
            NeuroNetError: `begin_task` was not called yet.
        """
        if self.task_info is None:
            raise NeuroNetError("end_task() was called before begin_task()")
        return self.task_info

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
        dataset = self.current_task.dataset
        rngs = [generator(seed, Purpose.TASKS, self.current_task.number, STORAGE_STREAM) for seed in self.seeds]
        orders = [rng.permutation(count)[:max_samples] for rng, count in zip(rngs, dataset.counts, strict=True)]
        longest = max(len(order) for order in orders)
        for first in range(0, longest, size):
            positions = np.arange(first, min(first + size, longest))
            inputs, _ = dataset.take([order[np.minimum(positions, len(order) - 1)] for order in orders])
            valid = torch.tensor(np.stack([positions < len(order) for order in orders]), device=inputs.device)
            yield [self._with_bias_input(layer_input, valid) for layer_input in self._layer_inputs(inputs)], valid

    def _layer_inputs(self, inputs: Tensor) -> list[Tensor]:
        with torch.no_grad():
            return [inputs, *self.hidden_inputs(self.forward(inputs))]

    def _with_bias_input(self, layer_input: Tensor, valid: Tensor) -> Tensor:
        extended = torch.cat((layer_input, torch.ones_like(layer_input[..., :1])), dim=-1)
        return (extended * valid[..., None]).to(self.solver_dtype)
