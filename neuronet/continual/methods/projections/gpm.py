"""Gradient projection memory: weights change only at right angles to what earlier tasks let each layer hear.

Saha, Garg, Roy 2021, "Gradient projection memory for continual learning" (ICLR, arXiv 2103.09762). Theirs has no biases, and a
threshold for each layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from neuronet.continual.methods.base import LearnerConfig, Method, Range
from neuronet.continual.methods.projections.gradient_projection import ProjectingLearner
from neuronet.core.errors import check_number


@dataclass(frozen=True)
class GPM(Method):
    """Changes are projected off the main directions of what was heard in earlier tasks: dW becomes `dW - dW M M^T`.

    Args:
        threshold: What part of the squared length of the things heard the directions must hold, above 0 to 1.
        samples: How many things are looked at after each task, drawn at random, 1 or more.
    """

    threshold: float = 0.97
    samples: int = 300

    ranges: ClassVar[Mapping[str, Range]] = {"threshold": (0.7, 1.0)}

    def __post_init__(self) -> None:
        check_number("threshold", self.threshold, 0, 1, above=True)
        check_number("samples", self.samples, 1, whole=True)

    def learner(self, config: LearnerConfig) -> GPMLearner:
        """Networks with a memory for directions."""
        return GPMLearner(config, self.threshold, self.samples)


class GPMLearner(ProjectingLearner):
    """Keeps an orthonormal basis for each listening layer.

    Args:
        config: What all learners begin with.
        threshold: What part the directions must hold.
        samples: How many things are looked at.

    Attributes:
        memory: (R, I + 1, K) of each listening layer: orthonormal columns, and zeros where a replica has fewer than others.
    """

    def __init__(self, config: LearnerConfig, threshold: float, samples: int) -> None:
        super().__init__(config)
        self._threshold, self._samples = threshold, samples
        self.memory = [each.detach().new_zeros(len(each), each.shape[-1] + 1, 0) for each in self.weights]

    def end_task(self) -> None:
        """Add the directions that this task needs besides those that are kept."""
        super().end_task()
        layer_inputs, _ = next(self.sample_layer_inputs(self._samples, self._samples))
        for layer, inputs in enumerate(layer_inputs):
            known = self.memory[layer].to(self.solver_dtype)
            bases = [extend_basis(basis, each, self._threshold) for basis, each in zip(known, inputs.mT, strict=True)]
            self.memory[layer] = pad_sequence([basis.mT for basis in bases], batch_first=True).mT.to(self._dtype)

    def forbidden_component(self, layer: int, change: Tensor) -> Tensor:
        """What lies in the directions kept."""
        directions = self.memory[layer]
        return change @ directions @ directions.mT


def extend_basis(basis: Tensor, layer_inputs: Tensor, threshold: float) -> Tensor:
    """The basis with as few more directions as make it hold the threshold's part of the squared length of the things heard.

    The directions are the first left singular vectors of what the basis does not hold.

    Args:
        basis: (I, K), orthonormal columns, and any of zeros, which are left out.
        layer_inputs: (I, N).
        threshold: Above 0 to 1.
    """
    basis = basis[:, basis.any(dim=0)]
    if not layer_inputs.isfinite().all():  # of networks whose weights are no numbers any more
        return basis
    rest = layer_inputs - basis @ (basis.mT @ layer_inputs)
    directions, sizes, _ = torch.linalg.svd(rest, full_matrices=False)
    whole, gains = layer_inputs.square().sum(), sizes.square()
    held = whole - rest.square().sum() + gains.cumsum(dim=0) - gains
    needed = (held < threshold * whole) & (gains > torch.finfo(gains.dtype).eps * whole)  # less is rounding, and has no direction
    return torch.cat((basis, directions[:, : int(needed.sum())]), dim=1)
