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

from neuronet.continual.methods.base import Method, Range, Start
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

    def learner(self, start: Start) -> GPMLearner:
        """Networks with a memory for directions."""
        return GPMLearner(start, self.threshold, self.samples)


class GPMLearner(ProjectingLearner):
    """Keeps an orthonormal basis for each listening layer.

    Args:
        start: What all learners begin with.
        threshold: What part the directions must hold.
        samples: How many things are looked at.

    Attributes:
        memory: (R, I + 1, K) of each listening layer: orthonormal columns, and zeros where a replica has fewer than others.
    """

    def __init__(self, start: Start, threshold: float, samples: int) -> None:
        super().__init__(start)
        self._threshold, self._samples = threshold, samples
        self.memory = [each.detach().new_zeros(len(each), each.shape[-1] + 1, 0) for each in self.weights]

    def end_task(self) -> None:
        """Add the directions that this task needs besides those that are kept."""
        super().end_task()
        heard, _ = next(self.heard_at_random(self._samples, self._samples))
        for layer, things in enumerate(heard):
            known = self.memory[layer].to(self.precise)
            bases = [grown(basis, each, self._threshold) for basis, each in zip(known, things.mT, strict=True)]
            self.memory[layer] = pad_sequence([basis.mT for basis in bases], batch_first=True).mT.to(self._dtype)

    def excess(self, layer: int, change: Tensor) -> Tensor:
        """What lies in the directions kept."""
        directions = self.memory[layer]
        return change @ directions @ directions.mT


def grown(basis: Tensor, heard: Tensor, threshold: float) -> Tensor:
    """The basis with as few more directions as make it hold the threshold's part of the squared length of the things heard.

    The directions are the first left singular vectors of what the basis does not hold.

    Args:
        basis: (I, K), orthonormal columns, and any of zeros, which are left out.
        heard: (I, N).
        threshold: Above 0 to 1.
    """
    basis = basis[:, basis.any(dim=0)]
    if not heard.isfinite().all():  # of networks whose weights are no numbers any more
        return basis
    rest = heard - basis @ (basis.mT @ heard)
    directions, sizes, _ = torch.linalg.svd(rest, full_matrices=False)
    whole, gains = heard.square().sum(), sizes.square()
    held = whole - rest.square().sum() + gains.cumsum(dim=0) - gains
    needed = (held < threshold * whole) & (gains > torch.finfo(gains.dtype).eps * whole)  # less is rounding, and has no direction
    return torch.cat((basis, directions[:, : int(needed.sum())]), dim=1)
