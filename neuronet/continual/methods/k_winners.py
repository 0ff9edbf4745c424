"""k winners take all: of a hidden layer only the loudest are heard, so that different tasks may use different neurons.

Makhzani and Frey 2013, "k-sparse autoencoders" (arXiv 1312.5663); against forgetting, by winners in small blocks:
Srivastava, Masci, Kazerounian, Gomez, Schmidhuber 2013, "Compete to compute" (NeurIPS 26).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from neuronet.continual.methods.base import LearnerConfig, Method, Range
from neuronet.continual.methods.finetuning import BackpropLearner
from neuronet.core.errors import check_number


@dataclass(frozen=True)
class KWinners(Method):
    """Error backpropagation where, of each sample, a hidden layer's loudest activities alone are heard; the others are 0.

    Args:
        share: Of a layer's neurons that win, above 0 to 1; rounded to an integer of neurons, at least one.
    """

    share: float = 0.2

    ranges: ClassVar[Mapping[str, Range]] = {"share": (0.05, 1.0)}

    def __post_init__(self) -> None:
        check_number("share", self.share, 0, 1, above=True)

    def learner(self, config: LearnerConfig) -> KWinnersLearner:
        """Networks whose hidden neurons compete."""
        return KWinnersLearner(config, self.share)


class KWinnersLearner(BackpropLearner):
    """The same competition while it learns and when it is tested; the losers of a sample do not learn from it.

    Args:
        config: What all learners begin with.
        share: Of each hidden layer that wins.
    """

    def __init__(self, config: LearnerConfig, share: float) -> None:
        super().__init__(config)
        *hidden, last = self._functions
        self._functions = [partial(_activate_and_keep_largest, function, share) for function in hidden] + [last]


def _activate_and_keep_largest(function: Callable[[Tensor], Tensor], share: float, potential: Tensor) -> Tensor:
    return keep_largest(function(potential), share)


def keep_largest(activity: Tensor, share: float) -> Tensor:
    """The activities (..., J) of the largest size of each sample, and 0 for the others."""
    winners = max(1, round(share * activity.shape[-1]))
    places = activity.detach().abs().topk(winners, dim=-1).indices
    return activity * torch.zeros_like(activity).scatter(-1, places, 1.0)
