"""Orthogonal weights modification: the more a layer has heard of a direction, the less its weights change along it.

Zeng, Chen, Cui, Yu 2019, "Continual learning of context-dependent processing in neural networks" (Nature Machine Intelligence 1,
arXiv 1810.01256). Theirs has no biases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from neuronet.continual.methods.base import LearnerConfig, Method, Range
from neuronet.continual.methods.projections.gradient_projection import ProjectingLearner
from neuronet.core.errors import check_number


@dataclass(frozen=True)
class OWM(Method):
    """Changes are multiplied by `P = I - A (A^T A + alpha I)^-1 A^T`, whose columns of A are the mean of each batch heard.

    Args:
        alpha: Above 0; the smaller, the more is held.
        decay: By what alpha is multiplied in the course of each task's batches, above 0 to 1.
    """

    alpha: float = 0.1
    decay: float = 1.0

    ranges: ClassVar[Mapping[str, Range]] = {"alpha": (1e-4, 1e2)}

    def __post_init__(self) -> None:
        check_number("alpha", self.alpha, 0, above=True)
        check_number("decay", self.decay, 0, 1, above=True)

    def learner(self, config: LearnerConfig) -> OWMLearner:
        """Networks with a projector for each listening layer."""
        return OWMLearner(config, self.alpha, self.decay)


class OWMLearner(ProjectingLearner):
    """Makes the projectors from all batches of a task, once it is over.

    Args:
        config: What all learners begin with.
        alpha: Above 0.
        decay: By what alpha is multiplied in the course of a task.

    Attributes:
        projectors: (R, I + 1, I + 1) of each listening layer.
    """

    def __init__(self, config: LearnerConfig, alpha: float, decay: float) -> None:
        super().__init__(config)
        self._alpha, self._decay, self._size = alpha, decay, config.batch_size
        self.projectors = [self._identity(each) for each in self.weights]

    def _identity(self, weights: Tensor) -> Tensor:
        replicas, _, speakers = weights.shape
        return torch.eye(speakers + 1, dtype=self._dtype, device=self._device).repeat(replicas, 1, 1)

    def end_task(self) -> None:
        """Hold what each batch of the task lets the layers hear, on average."""
        super().end_task()
        precise = [each.to(self.solver_dtype) for each in self.projectors]
        for number, (layer_inputs, valid) in enumerate(self.sample_layer_inputs(self._size)):
            alpha = self._alpha_of(number)
            count = valid.sum(dim=-1, keepdim=True).clamp(min=1)
            for projector, inputs in zip(precise, layer_inputs, strict=True):
                update_projector(projector, inputs.sum(dim=1) / count, alpha)
        self.projectors = [each.to(self._dtype) for each in precise]

    def _alpha_of(self, number: int) -> Tensor:
        """Alpha at a batch of the task, (R,)."""
        parts = [number / -(-count // self._size) for count in self.current_task.dataset.counts]
        return torch.tensor([self._alpha * self._decay**part for part in parts], dtype=self.solver_dtype, device=self._device)

    def forbidden_component(self, layer: int, change: Tensor) -> Tensor:
        """What the projector does not let through."""
        return change - change @ self.projectors[layer]


def update_projector(projector: Tensor, mean: Tensor, alpha: Tensor) -> None:
    """Let less of one more thing through: `P <- P - k x^T P` with `k = P x / (alpha + x^T P x)`.

    Args:
        projector: (R, I, I), symmetric; it is written into.
        mean: (R, I), x.
        alpha: (R,).
    """
    through = (projector @ mean[..., None])[..., 0]
    scale = (alpha + (mean * through).sum(dim=-1).clamp(min=0))[:, None, None]  # below 0 by rounding alone
    projector.sub_(through[:, :, None] * through[:, None, :] / scale)
