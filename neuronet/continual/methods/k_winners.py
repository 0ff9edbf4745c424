"""k-winners-take-all: only the largest activities of a hidden layer pass, so that tasks may use different neurons.

Makhzani and Frey 2013, "k-sparse autoencoders" (arXiv 1312.5663); against forgetting, with winners in small blocks:
Srivastava, Masci, Kazerounian, Gomez, Schmidhuber 2013, "Compete to compute" (NeurIPS 26).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from neuronet.continual.methods.base import LearnerConfig
from neuronet.continual.methods.finetuning import BackpropLearner, BackpropMethod
from neuronet.core import check_number


@dataclass(frozen=True)
class KWinners(BackpropMethod):
    """k-winners-take-all: backpropagation in which only the largest activities of a hidden layer pass; the others are 0.

    Args:
        share: Fraction of a layer's neurons that win (> 0, at most 1); rounded to a number of neurons, at least one.
    """

    share: float = 0.2

    ranges: ClassVar = {"share": (0.05, 1.0)}

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("share", self.share, 0, 1, above=True)

    def learner(self, config: LearnerConfig) -> KWinnersLearner:
        """Return networks with competing hidden neurons."""
        return KWinnersLearner(config, self.share)


class KWinnersLearner(BackpropLearner):
    """Learner with the same competition in training and evaluation; the losers of a sample do not learn from it.

    Args:
        config: Initial values.
        share: Fraction of each hidden layer that wins.
    """

    def __init__(self, config: LearnerConfig, share: float) -> None:
        super().__init__(config)
        *hidden, last = self.activations
        self.activations = [partial(_activate_and_keep_largest, activation, share) for activation in hidden] + [last]


def _activate_and_keep_largest(activation: Callable[[Tensor], Tensor], share: float, potential: Tensor) -> Tensor:
    return keep_largest(activation(potential), share)


def keep_largest(activity: Tensor, share: float) -> Tensor:
    """Return the activities (..., J) with all but a fraction of each sample's largest magnitudes set to 0."""
    winners = max(1, round(share * activity.shape[-1]))
    indices = activity.detach().abs().topk(winners, dim=-1).indices
    return activity * torch.zeros_like(activity).scatter(-1, indices, 1.0)
