"""What methods that let weights change in some directions only have in common.

A bias is the weight of one more speaker, which always says 1, so that it is projected with the weights of its listener.
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
from neuronet.core.errors import NeuroNetError
from neuronet.core.random_streams import Purpose, generator


class ProjectingLearner(BackpropLearner):
    """Backpropagation that takes back what of each change would disturb earlier tasks.

    The change is projected, not the gradient: the same under SGD, and under momentum and Adam, too, nothing gets
    past. Where the task is named at the test, an output that answers for the first time learns freely, since no earlier task
    asks it; elsewhere all outputs are projected.

    Args:
        config: What all learners begin with.
    """

    needs_after_step = True

    def __init__(self, config: LearnerConfig) -> None:
        super().__init__(config)
        self.solver_dtype = torch.float32 if config.device.startswith("mps") else torch.float64
        self._previous_classes: Tensor | None = None

    @abstractmethod
    def forbidden_component(self, layer: int, change: Tensor) -> Tensor:
        """What is to be taken back of the change of a layer's weights and, last, bias: (R, J, I + 1) each."""

    @property
    def current_task(self) -> TaskInfo:
        """The task that began last.

        Raises:
            NeuroNetError: None has.
        """
        if self.task_info is None:
            raise NeuroNetError("no task has begun, so that there is nothing to hold")
        return self.task_info

    def after_step(self, gradients: Sequence[Tensor], changes: Sequence[Tensor]) -> None:
        """Take it back, from the second task on."""
        if self._previous_classes is None:
            return
        depth = len(self.weights)
        for layer, (weights, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            whole = torch.cat((changes[layer], changes[depth + layer][..., None]), dim=-1)
            forbidden_component = self.forbidden_component(layer, whole)
            if layer == depth - 1 and self.current_task.task_id_given:
                forbidden_component = forbidden_component.masked_fill(
                    (self.current_task.active_classes & ~self._previous_classes).mT, 0.0
                )
            with torch.no_grad():
                weights.sub_(forbidden_component[..., :-1])
                bias.sub_(forbidden_component[..., -1])

    def end_task(self) -> None:
        """Remember which outputs have answered."""
        self._previous_classes = (
            self.current_task.active_classes
            if self._previous_classes is None
            else self._previous_classes | self.current_task.active_classes
        )

    def sample_layer_inputs(self, size: int, max_samples: int | None = None) -> Iterator[tuple[list[Tensor], Tensor]]:
        """What each listening layer hears of the task's training samples, in random order, a batch at a time.

        Args:
            size: Samples of a batch.
            max_samples: Samples in all; None for all.

        Yields:
            For each layer (R, B, I + 1), the speaker that says 1 last, and (R, B) whether there is such a sample; all is zero
            where there is none.
        """
        dataset = self.current_task.dataset
        rngs = [generator(seed, Purpose.TASKS, self.current_task.number, STORAGE_STREAM) for seed in self.seeds]
        orders = [rng.permutation(count)[:max_samples] for rng, count in zip(rngs, dataset.counts, strict=True)]
        longest = max(len(order) for order in orders)
        for first in range(0, longest, size):
            places = np.arange(first, min(first + size, longest))
            inputs, _ = dataset.take([order[np.minimum(places, len(order) - 1)] for order in orders])
            valid = torch.tensor(np.stack([places < len(order) for order in orders]), device=inputs.device)
            yield [self._with_bias_input(each, valid) for each in self._layer_inputs(inputs)], valid

    def _layer_inputs(self, inputs: Tensor) -> list[Tensor]:
        with torch.no_grad():
            return [inputs, *self.hidden_inputs(self.forward(inputs))]

    def _with_bias_input(self, layer_input: Tensor, valid: Tensor) -> Tensor:
        whole = torch.cat((layer_input, torch.ones_like(layer_input[..., :1])), dim=-1)
        return (whole * valid[..., None]).to(self.solver_dtype)
