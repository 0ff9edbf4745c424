"""Orthogonal weights modification: weight changes are damped along the directions of a layer's earlier inputs.

Zeng, Chen, Cui, Yu 2019, "Continual learning of context-dependent processing in neural networks" (Nature Machine Intelligence 1,
arXiv 1810.01256). Difference: biases are projected, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from neuronet.continual.methods.base import LearnerConfig
from neuronet.continual.methods.finetuning import BackpropMethod
from neuronet.continual.methods.projections.gradient_projection import ProjectingLearner
from neuronet.core import check_number


@dataclass(frozen=True)
class OWM(BackpropMethod):
    """Orthogonal weights modification: `dW P` with `P = I - A (A^T A + alpha I)^-1 A^T`; A has the mean of each batch's inputs.

    Args:
        alpha: Regularisation (> 0); smaller values protect more.
        decay: Factor of alpha over the course of each task's batches (> 0, at most 1).
    """

    alpha: float = 0.1
    decay: float = 1.0

    ranges: ClassVar = {"alpha": (1e-4, 1e2)}

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("alpha", self.alpha, 0, above=True)
        check_number("decay", self.decay, 0, 1, above=True)

    def learner(self, config: LearnerConfig) -> OWMLearner:
        """Return networks with a projector for each listening layer."""
        return OWMLearner(config, self)


class OWMLearner(ProjectingLearner):
    """Learner that updates its projectors from all batches of a task at the task's end.

    Args:
        config: Initial values.
        method: The method with its parameters.

    Attributes:
        projectors: (R, I + 1, I + 1) of each listening layer.
    """

    def __init__(self, config: LearnerConfig, method: OWM) -> None:
        super().__init__(config)
        self._method, self._size = method, config.batch_size
        self.projectors = [
            torch.eye(weights.shape[-1] + 1, dtype=self.dtype, device=self.device).repeat(len(weights), 1, 1)
            for weights in self.weights
        ]

    def end_task(self) -> None:
        """Update the projectors with the mean inputs of each batch of the task."""
        super().end_task()
        precise = [projector.to(self.solver_dtype) for projector in self.projectors]
        for number, (layer_inputs, valid) in enumerate(self.sample_layer_inputs(self._size)):
            alpha = self._alpha_of(number)
            count = valid.sum(dim=-1, keepdim=True).clamp(min=1)
            for projector, inputs in zip(precise, layer_inputs, strict=True):
                update_projector(projector, inputs.sum(dim=1) / count, alpha)
        self.projectors = [projector.to(self.dtype) for projector in precise]

    def _alpha_of(self, number: int) -> Tensor:
        """Return alpha at a batch of the task, (R,)."""
        progress = [number / -(-count // self._size) for count in self.current_task.dataset.counts]
        alphas = [self._method.alpha * self._method.decay**part for part in progress]
        return torch.tensor(alphas, dtype=self.solver_dtype, device=self.device)

    def forbidden_component(self, layer: int, change: Tensor) -> Tensor:
        """Return the component of a change that the projector removes."""
        return change - change @ self.projectors[layer]


def update_projector(projector: Tensor, mean: Tensor, alpha: Tensor) -> None:
    """Remove a direction from the projector in place, by the rank-one update `P <- P - k x^T P`, `k = P x / (alpha + x^T P x)`.

    Args:
        projector: P, (R, I, I), symmetric.
        mean: x, (R, I).
        alpha: (R,).
    """
    projected = (projector @ mean[..., None])[..., 0]
    scale = (alpha + (mean * projected).sum(dim=-1).clamp(min=0))[:, None, None]  # negative only by rounding
    projector.sub_(projected[:, :, None] * projected[:, None, :] / scale)
