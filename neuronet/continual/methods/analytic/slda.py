"""Streaming linear discriminant analysis: class means, and one covariance of the samples around them.

Hayes and Kanan 2020, "Lifelong machine learning with deep streaming linear discriminant analysis" (arXiv 1909.01520). Two
differences: the covariance is exact, since it follows from the sums of a ridge regression, and it shrinks to its mean variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from neuronet.continual.methods.analytic.streaming import StreamingLearner, StreamingMethod
from neuronet.continual.methods.base import LearnerConfig
from neuronet.core import check_number

UNSEEN = -1e30
"""Output of a class without samples."""


@dataclass(frozen=True)
class SLDA(StreamingMethod):
    """Streaming linear discriminant analysis on random relus: outputs `m^T S^-1 f - m^T S^-1 m / 2` for class means m.

    S is the covariance of the samples around the means of their classes, shrunk by `(1 - s) S + s tr(S) / F I`.

    Args:
        features: Number of random relus (>= 1).
        memory: Bytes that the sums may take in single precision, which then decide the number of features; 0 for `features`.
        shrinkage: Share s of the mean variance (> 0, at most 1).
    """

    shrinkage: float = 0.01

    ranges: ClassVar = {"shrinkage": (1e-5, 1.0)}

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("shrinkage", self.shrinkage, 0, 1, above=True)

    def learner(self, config: LearnerConfig) -> SLDALearner:
        """Return learners of means and covariance."""
        return SLDALearner(config, self)


class SLDALearner(StreamingLearner):
    """Learner whose output weights are those of a linear discriminant analysis.

    Args:
        config: Initial values.
        method: The method with its parameters.
    """

    def __init__(self, config: LearnerConfig, method: SLDA) -> None:
        super().__init__(config, method)
        self._shrinkage = method.shrinkage

    def solve(self, gram: Tensor, cross: Tensor) -> Tensor:
        """Return the discriminants of all classes with samples; those of the others are 0 with a bias of UNSEEN."""
        counts = cross[:, -1]
        means = cross[:, :-1] / counts[:, None].clamp(min=1)
        samples = counts.sum(dim=-1).clamp(min=1)[:, None, None]
        covariance = (gram[:, :-1, :-1] - means * counts[:, None] @ means.mT) / samples
        identity = torch.eye(covariance.shape[-1], dtype=gram.dtype, device=gram.device)
        variance = covariance.diagonal(dim1=-2, dim2=-1).mean(dim=-1)[:, None, None]
        # without any sample the covariance is 0, and any positive multiple of the identity gives the same answers
        shrunk = (1 - self._shrinkage) * covariance + self._shrinkage * torch.where(variance > 0, variance, 1.0) * identity
        weights = torch.linalg.solve(shrunk, means)
        bias = torch.where(counts > 0, -(weights * means).sum(dim=1) / 2, UNSEEN)
        return torch.cat((weights, bias[:, None]), dim=1)
