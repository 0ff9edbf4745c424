"""Streaming ridge regression on random features: least squares to one-hot targets, over all samples so far.

Schmidt, Kraaijveld, Duin 1992, "Feedforward neural networks with random weights"; the recursion: Plackett 1950, "Some theorems in
least squares"; against forgetting: Zhuang et al. 2022, "ACIL: analytic class-incremental learning" (arXiv 2205.14922).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from neuronet.continual.methods.analytic.streaming import StreamingLearner, StreamingMethod
from neuronet.continual.methods.base import LearnerConfig
from neuronet.core import check_number


@dataclass(frozen=True)
class Ridge(StreamingMethod):
    """Streaming ridge regression on random relus: `(G + penalty I)^-1 H`; no gradients, task boundaries or samples.

    Args:
        features: Number of random relus (>= 1).
        memory: Bytes that the sums may take in single precision, which then decide the number of features; 0 for `features`.
        penalty: Weight of the squared norm of the output weights, biases included (> 0).
    """

    penalty: float = 100.0

    ranges: ClassVar = {"penalty": (1.0, 1e5)}

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("penalty", self.penalty, 0, above=True)

    def learner(self, config: LearnerConfig) -> RidgeLearner:
        """Return learners of the output weights."""
        return RidgeLearner(config, self, self.penalty)


class RidgeLearner(StreamingLearner):
    """Learner whose output weights minimise the squared error plus the penalty.

    Args:
        config: Initial values.
        method: The method with its parameters.
        penalty: Weight of the squared norm (> 0).
    """

    def __init__(self, config: LearnerConfig, method: StreamingMethod, penalty: float) -> None:
        super().__init__(config, method)
        self._penalty = penalty

    def solve(self, gram: Tensor, cross: Tensor) -> Tensor:
        """Return `(G + penalty I)^-1 H`."""
        identity = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
        readout: Tensor = torch.linalg.solve(gram + self._penalty * identity, cross)
        return readout
