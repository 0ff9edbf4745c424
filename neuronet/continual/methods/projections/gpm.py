"""Gradient projection memory: weight changes are orthogonal to the main directions of each layer's inputs in earlier tasks.

Saha, Garg, Roy 2021, "Gradient projection memory for continual learning" (ICLR, arXiv 2103.09762). Differences: biases are
projected, too, and all layers share one threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from neuronet.continual.methods.base import LearnerConfig
from neuronet.continual.methods.finetuning import BackpropMethod
from neuronet.continual.methods.projections.gradient_projection import ProjectingLearner
from neuronet.core import check_number


@dataclass(frozen=True)
class GPM(BackpropMethod):
    """Gradient projection memory: changes lose the main directions M of earlier tasks' inputs, `dW - dW M M^T`.

    Args:
        threshold: Fraction of the inputs' squared norm that the directions must hold (> 0, at most 1).
        samples: Samples examined after each task, drawn at random (>= 1).
    """

    threshold: float = 0.97
    samples: int = 300

    ranges: ClassVar = {"threshold": (0.7, 1.0)}

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("threshold", self.threshold, 0, 1, above=True)
        check_number("samples", self.samples, 1, whole=True)

    def learner(self, config: LearnerConfig) -> GPMLearner:
        """Return networks that store directions."""
        return GPMLearner(config, self)


class GPMLearner(ProjectingLearner):
    """Learner that stores an orthonormal basis for each listening layer.

    Args:
        config: Initial values.
        method: The method with its parameters.

    Attributes:
        memory: (R, I + 1, K) of each listening layer: orthonormal columns, padded with zeros where a replica has fewer.
    """

    def __init__(self, config: LearnerConfig, method: GPM) -> None:
        super().__init__(config)
        self._method = method
        self.memory = [weights.detach().new_zeros(len(weights), weights.shape[-1] + 1, 0) for weights in self.weights]

    def end_task(self) -> None:
        """Extend the bases by the directions that the task needs in addition."""
        super().end_task()
        samples, threshold = self._method.samples, self._method.threshold
        layer_inputs, _ = next(self.sample_layer_inputs(samples, samples))
        for layer, inputs in enumerate(layer_inputs):
            known = self.memory[layer].to(self.solver_dtype)
            bases = [extend_basis(basis, columns, threshold) for basis, columns in zip(known, inputs.mT, strict=True)]
            self.memory[layer] = pad_sequence([basis.mT for basis in bases], batch_first=True).mT.to(self.dtype)

    def forbidden_component(self, layer: int, change: Tensor) -> Tensor:
        """Return the component of a change within the stored directions."""
        directions = self.memory[layer]
        return change @ directions @ directions.mT


def extend_basis(basis: Tensor, layer_inputs: Tensor, threshold: float) -> Tensor:
    """Return the basis with the fewest directions added that make it hold a fraction of the inputs' squared norm.

    The directions are the first left singular vectors of the inputs' component outside the basis.

    Args:
        basis: (I, K), orthonormal columns; columns of zeros are dropped.
        layer_inputs: (I, N).
        threshold: Fraction of the squared norm (> 0, at most 1).
    """
    basis = basis[:, basis.any(dim=0)]
    if not layer_inputs.isfinite().all():  # the weights have diverged
        return basis
    rest = layer_inputs - basis @ (basis.mT @ layer_inputs)
    directions, sizes, _ = torch.linalg.svd(rest, full_matrices=False)
    whole, gains = layer_inputs.square().sum(), sizes.square()
    held = whole - rest.square().sum() + gains.cumsum(dim=0) - gains
    needed = (held < threshold * whole) & (gains > torch.finfo(gains.dtype).eps * whole)  # smaller gains are rounding errors
    return torch.cat((basis, directions[:, : int(needed.sum())]), dim=1)
