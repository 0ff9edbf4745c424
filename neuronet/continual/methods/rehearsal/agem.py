"""Averaged gradient episodic memory: a step must not increase the loss of stored samples, to first order.

Chaudhry, Ranzato, Rohrbach, Elhoseiny 2019, "Efficient lifelong learning with A-GEM" (arXiv 1812.00420), here with a reservoir.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from neuronet.continual.methods.base import Batch, LearnerConfig
from neuronet.continual.methods.rehearsal.reservoir import RehearsalLearner, RehearsalMethod


@dataclass(frozen=True)
class AGEM(RehearsalMethod):
    """Averaged gradient episodic memory: a gradient that opposes that of stored samples loses its component along it.

    Args:
        memory: Bytes of the reservoir (>= 1): its samples with their targets, unscaled.
    """

    def learner(self, config: LearnerConfig) -> AGEMLearner:
        """Return networks with a reservoir."""
        return AGEMLearner(config, self.memory)


class AGEMLearner(RehearsalLearner):
    """Learner that projects its gradients."""

    _size = 1

    def train_batch(self, batch: Batch) -> None:
        """Make one step; as many stored samples as the batch has are the reference."""
        self._size = batch.targets.shape[1]
        super().train_batch(batch)

    def adjusted(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        """Return `g - min(g . r, 0) / (r . r) r` for each replica, with the gradient r of stored samples."""
        if self.stored is None:
            return list(gradients)
        reference = torch.autograd.grad(super().loss(self.rehearsed(self._size)[0]).sum(), self.parameters)
        shares = (_products(gradients, reference).clamp(max=0) / _products(reference, reference)).nan_to_num(0.0)
        return [g - shares.view(-1, *[1] * (g.ndim - 1)) * r for g, r in zip(gradients, reference, strict=True)]


def _products(left: Sequence[Tensor], right: Sequence[Tensor]) -> Tensor:
    """Return the inner product of each replica's parameters, (R,)."""
    return torch.stack([(a * b).flatten(1).sum(dim=1) for a, b in zip(left, right, strict=True)]).sum(dim=0)
