"""Elastic weight consolidation: a quadratic penalty weighted by the diagonal of the Fisher information.

Kirkpatrick et al. 2017, "Overcoming catastrophic forgetting in neural networks" (PNAS 114), a penalty for each task; online:
Schwarz et al. 2018, "Progress & Compress" (arXiv 1805.06370), one penalty around the latest parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from neuronet.continual.methods.base import LearnerConfig, TaskInfo
from neuronet.continual.methods.finetuning import FISHER_STREAM, BackpropMethod, mask_outputs
from neuronet.continual.methods.penalties.quadratic_penalty import Importances, QuadraticLearner, mean_gradients
from neuronet.core import check_number


@dataclass(frozen=True)
class EWC(BackpropMethod):
    """Elastic weight consolidation: a penalty for each earlier task, weighted by the diagonal of its Fisher information.

    The information is an exact expectation over the network's own output distribution, for the samples it is computed on.

    Args:
        strength: Weight lambda of the penalty (>= 0).
        samples: Samples of each task, drawn at random, that the information is computed on; 0 for all.
    """

    strength: float = 10.0
    samples: int = 0

    ranges: ClassVar = {"strength": (1.0, 1e5)}

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("strength", self.strength, 0)
        check_number("samples", self.samples, 0, whole=True)

    def learner(self, config: LearnerConfig) -> EWCLearner:
        """Return networks with a penalty for each earlier task."""
        return EWCLearner(config, self.strength, samples=self.samples)


@dataclass(frozen=True)
class OnlineEWC(BackpropMethod):
    """Online elastic weight consolidation: one penalty around the latest parameters, by a running sum of Fisher information.

    Args:
        strength: Weight lambda of the penalty (>= 0).
        gamma: Decay factor of the sum at each new task (>= 0, below 1).
        samples: As for EWC.
    """

    strength: float = 10.0
    gamma: float = 0.95
    samples: int = 0

    ranges: ClassVar = {"strength": (1.0, 1e5)}

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("strength", self.strength, 0)
        check_number("gamma", self.gamma, 0, 1, below=True)
        check_number("samples", self.samples, 0, whole=True)

    def learner(self, config: LearnerConfig) -> EWCLearner:
        """Return networks with one penalty."""
        return EWCLearner(config, self.strength, self.gamma, self.samples)


class EWCLearner(QuadraticLearner):
    """Learner that adds a penalty around the parameters at the end of each task.

    Args:
        config: Initial values.
        strength: Weight of the penalty.
        decay: 1 for a separate penalty for each task; below 1, the factor of the earlier information.
        samples: Samples of a task that the information is computed on; 0 for all.
    """

    def __init__(self, config: LearnerConfig, strength: float, decay: float = 1.0, samples: int = 0) -> None:
        super().__init__(config, strength)
        self._decay, self._samples = decay, samples

    def end_task(self) -> None:
        """Add the penalty for the task."""
        task = self.current_task
        if self._samples:
            drawn = [indices[: self._samples] for indices in self.shuffled_samples(FISHER_STREAM)]
            task = replace(task, dataset=task.dataset.subset(drawn))
        self.add_penalty(fisher(self, task), self._decay)


def fisher(learner: QuadraticLearner, task_info: TaskInfo) -> Importances:
    """Return the diagonal of the Fisher information: `mean_x sum_y p(y|x) (d log p(y|x) / d theta)^2`."""

    def objectives(outputs: Tensor) -> Iterator[Tensor]:
        logs = torch.log_softmax(mask_outputs(outputs, task_info.active_classes), dim=-1)
        root_probabilities = logs.detach().exp().sqrt()
        for output in torch.nonzero(task_info.active_classes.any(dim=0)[0])[:, 0].tolist():
            active = task_info.active_classes[..., output]
            yield torch.where(active, root_probabilities[..., output] * logs[..., output].masked_fill(~active, 0.0), 0.0)

    return mean_gradients(learner, task_info.dataset, objectives, torch.square)
