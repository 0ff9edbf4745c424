"""Elastic weight consolidation: what the answers hang on is held.

Kirkpatrick et al. 2017, "Overcoming catastrophic forgetting in neural networks" (PNAS 114), a penalty for each task; online:
Schwarz et al. 2018, "Progress & Compress" (arXiv 1805.06370), one penalty around the latest parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from neuronet.continual.methods.base import LearnerConfig, Method, Range, TaskInfo
from neuronet.continual.methods.finetuning import mask_outputs
from neuronet.continual.methods.penalties.quadratic_penalty import Importances, QuadraticLearner, squared_gradients
from neuronet.core.errors import check_number
from neuronet.core.random_streams import Purpose, generator

FISHER_STREAM = 4
"""For what chance is drawn, beside the task's number."""


@dataclass(frozen=True)
class EWC(Method):
    """A penalty for each earlier task, by the diagonal of its Fisher information at the end of the task.

    The information is exact for the samples it is measured on: an expectation over the network's own distribution of answers.

    Args:
        strength: lambda, 0 or more.
        samples: Of each task, chosen at random, on which the information is measured; 0 for all.
    """

    strength: float = 10.0
    samples: int = 0

    ranges: ClassVar[Mapping[str, Range]] = {"strength": (1.0, 1e5)}

    def __post_init__(self) -> None:
        check_number("strength", self.strength, 0)
        check_number("samples", self.samples, 0, whole=True)

    def learner(self, config: LearnerConfig) -> EWCLearner:
        """Networks under as many penalties as there were tasks."""
        return EWCLearner(config, self.strength, samples=self.samples)


@dataclass(frozen=True)
class OnlineEWC(Method):
    """One penalty around the parameters at the end of the last task, by a running sum of the tasks' Fisher information.

    Args:
        strength: lambda, 0 or more.
        gamma: What part of the sum each new task leaves, 0 to below 1.
        samples: As for EWC.
    """

    strength: float = 10.0
    gamma: float = 0.95
    samples: int = 0

    ranges: ClassVar[Mapping[str, Range]] = {"strength": (1.0, 1e5)}

    def __post_init__(self) -> None:
        check_number("strength", self.strength, 0)
        check_number("gamma", self.gamma, 0, 1, below=True)
        check_number("samples", self.samples, 0, whole=True)

    def learner(self, config: LearnerConfig) -> EWCLearner:
        """Networks under one penalty."""
        return EWCLearner(config, self.strength, self.gamma, self.samples)


class EWCLearner(QuadraticLearner):
    """Anchors the parameters at the end of each task.

    Args:
        config: What all learners begin with.
        strength: Of the penalty.
        decay: 1 for a penalty of its own for each task; below, what part of the earlier information is kept.
        samples: On how many of a task the information is measured; 0 for all.
    """

    def __init__(self, config: LearnerConfig, strength: float, decay: float = 1.0, samples: int = 0) -> None:
        super().__init__(config, strength)
        self._decay = decay
        self._samples = samples

    def end_task(self) -> None:
        """Hold what matters to this task."""
        if self.task_info is not None:
            self.add_penalty(fisher(self, self._subsample(self.task_info)), self._decay)

    def _subsample(self, task_info: TaskInfo) -> TaskInfo:
        if not self._samples:
            return task_info
        rngs = [generator(seed, Purpose.TASKS, task_info.number, FISHER_STREAM) for seed in self.seeds]
        each = zip(rngs, task_info.dataset.counts, strict=True)
        places = [rng.permutation(count)[: self._samples] for rng, count in each]
        return replace(task_info, dataset=task_info.dataset.subset(places))


def fisher(learner: QuadraticLearner, task_info: TaskInfo) -> Importances:
    """The diagonal of the Fisher information: `mean_x sum_y p(y|x) (d log p(y|x) / d theta)^2`."""

    def objectives(outputs: Tensor) -> Iterator[Tensor]:
        logs = torch.log_softmax(mask_outputs(outputs, task_info.active_classes), dim=-1)
        root_probabilities = logs.detach().exp().sqrt()
        for answer in torch.nonzero(task_info.active_classes.any(dim=0)[0])[:, 0].tolist():
            possible = task_info.active_classes[..., answer]
            yield torch.where(possible, root_probabilities[..., answer] * logs[..., answer].masked_fill(~possible, 0.0), 0.0)

    return squared_gradients(learner, task_info.dataset, objectives)
