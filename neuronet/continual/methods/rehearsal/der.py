"""Dark experience replay: stored samples keep the outputs that they had, and their targets.

Buzzega, Boschini, Porrello, Abati, Calderara 2020, "Dark experience for general continual learning" (arXiv 2004.07211), DER++.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from neuronet.continual.methods.base import Batch, LearnerConfig
from neuronet.continual.methods.rehearsal.reservoir import RehearsalLearner, RehearsalMethod
from neuronet.core import check_number


@dataclass(frozen=True)
class DER(RehearsalMethod):
    """Dark experience replay (DER++): the loss, plus stored outputs to be kept, plus the loss of stored samples.

    Args:
        memory: Bytes of the reservoir (>= 1): its samples with their targets, unscaled, and their outputs.
        alpha: Weight of the mean squared difference to the stored outputs (>= 0).
        beta: Weight of the loss of stored samples, drawn apart from those (>= 0).
    """

    alpha: float = 0.5
    beta: float = 0.5

    ranges: ClassVar = {"alpha": (0.01, 10.0)}

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("alpha", self.alpha, 0)
        check_number("beta", self.beta, 0)

    def learner(self, config: LearnerConfig) -> DERLearner:
        """Return networks with a reservoir."""
        return DERLearner(config, self)


class DERLearner(RehearsalLearner):
    """Learner that stores outputs.

    Args:
        config: Initial values.
        method: The method with its parameters.
    """

    keeps_outputs = True

    def __init__(self, config: LearnerConfig, method: DER) -> None:
        super().__init__(config, method.memory)
        self._method = method

    def loss(self, batch: Batch) -> Tensor:
        """Return the three terms' sum, (R,)."""
        loss = super().loss(batch)
        if self.stored is None:
            return loss
        size = batch.targets.shape[1]
        kept, (outputs,) = self.rehearsed(size)
        differences = (self.forward(kept.inputs)[-1] - outputs).square().mean(dim=(1, 2))
        replayed, _ = self.rehearsed(size)
        return loss + self._method.alpha * differences + self._method.beta * super().loss(replayed)
