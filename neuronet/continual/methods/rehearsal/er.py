"""Experience replay from a reservoir, without task boundaries.

Chaudhry et al. 2019, "On tiny episodic memories in continual learning" (arXiv 1902.10486).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from neuronet.continual.methods.base import Batch, LearnerConfig
from neuronet.continual.methods.rehearsal.reservoir import RehearsalLearner, RehearsalMethod


@dataclass(frozen=True)
class ER(RehearsalMethod):
    """Experience replay: backpropagation on each batch and as many samples of a reservoir, all with equal weight.

    Args:
        memory: Bytes of the reservoir (>= 1): its samples with their targets, unscaled.
    """

    def learner(self, config: LearnerConfig) -> ERLearner:
        """Return networks with a reservoir."""
        return ERLearner(config, self.memory)


class ERLearner(RehearsalLearner):
    """Learner that replays samples."""

    def loss(self, batch: Batch) -> Tensor:
        """Return the mean loss of the batch and the replayed samples, (R,)."""
        loss = super().loss(batch)
        if self.stored is None:
            return loss
        replayed, _ = self.rehearsed(batch.targets.shape[1])
        return (loss + super().loss(replayed)) / 2
