"""What penalties that hold parameters near to where they were have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from neuronet.continual.evaluation.replicated_dataset import ReplicatedDataset
from neuronet.continual.methods.base import LearnerConfig
from neuronet.continual.methods.finetuning import BackpropLearner

Importances = list[Tensor]
"""For each parameter how much it matters, of its shape: (R, J, I) of weights, (R, J) of biases."""


class QuadraticLearner(BackpropLearner):
    """Backpropagation of the loss plus `strength / 2 * sum_t sum_n m_tn (theta_n - theta_tn)^2`.

    Any number of anchors (importances `m_t` around parameters `theta_t`) costs no more than one: the gradient of their sum is
    `theta * sum_t m_t - sum_t m_t theta_t`.

    Args:
        config: What all learners begin with.
        strength: Of the penalty, 0 or more.
    """

    def __init__(self, config: LearnerConfig, strength: float) -> None:
        super().__init__(config)
        self._strength = strength
        self._total_importance = [torch.zeros_like(each, requires_grad=False) for each in self.parameters]
        self._weighted_centre = [torch.zeros_like(each) for each in self._total_importance]
        self._has_penalty = False

    def add_penalty(self, importances: Importances, decay: float = 1.0) -> None:
        """Hold the parameters where they are now, besides earlier anchors.

        Args:
            importances: How much each parameter matters.
            decay: What part of the earlier importances is kept; if below 1, what is kept of them moves here, too.
        """
        for index, (parameter, importance) in enumerate(zip(self.parameters, importances, strict=True)):
            value = parameter.detach()
            if decay == 1.0:
                self._total_importance[index] += importance
                self._weighted_centre[index] += importance * value
            else:
                self._total_importance[index] = decay * self._total_importance[index] + importance
                self._weighted_centre[index] = self._total_importance[index] * value
        self._has_penalty = True

    def penalty_gradient(self) -> list[Tensor] | None:
        """The gradient of the penalty."""
        if not self._has_penalty:
            return None
        every = zip(self.parameters, self._total_importance, self._weighted_centre, strict=True)
        return [
            self._strength * (total_importance * value.detach() - weighted_centre)
            for value, total_importance, weighted_centre in every
        ]


def squared_gradients(
    learner: BackpropLearner, dataset: ReplicatedDataset, objectives: Callable[[Tensor], Iterator[Tensor]]
) -> Importances:
    """The mean over all samples of the squares of each sample's own gradients."""
    return _mean_gradients(learner, dataset, objectives, torch.square)


def absolute_gradients(
    learner: BackpropLearner, dataset: ReplicatedDataset, objectives: Callable[[Tensor], Iterator[Tensor]]
) -> Importances:
    """The mean over all samples of the sizes of each sample's own gradients."""
    return _mean_gradients(learner, dataset, objectives, torch.abs)


def _mean_gradients(
    learner: BackpropLearner,
    dataset: ReplicatedDataset,
    objectives: Callable[[Tensor], Iterator[Tensor]],
    size: Callable[[Tensor], Tensor],
) -> Importances:
    """The mean over all samples of the size of each sample's own gradient, summed over the wishes.

    A sample's gradient by a weight is the product of two numbers, the derivative by the listener's potential and what the
    listener hears, and so is its size: one matrix product gives the sum over many samples.

    Args:
        learner: Whose parameters.
        dataset: The samples.
        objectives: Gives, for outputs (R, B, O), one number for each sample, (R, B), after another; each is differentiated.
        size: Of a number, multiplicative: its square or its absolute value.
    """
    sums = [torch.zeros_like(each, requires_grad=False) for each in learner.parameters]
    weights, biases = sums[: len(learner.weights)], sums[len(learner.weights) :]
    for inputs, _, valid in dataset.chunks():
        potentials = learner.forward(inputs)
        layer_inputs = [inputs, *learner.hidden_inputs(potentials)]
        for objective in objectives(potentials[-1]):
            slopes = torch.autograd.grad(objective[valid].sum(), potentials, retain_graph=True)
            for layer, slope in enumerate(slopes):
                sizes = size(slope)
                weights[layer] += sizes.mT @ size(layer_inputs[layer].detach())
                biases[layer] += sizes.sum(dim=1)
    counts = torch.tensor(dataset.counts, dtype=sums[0].dtype, device=sums[0].device)
    return [each / counts.view(-1, *[1] * (each.ndim - 1)) for each in sums]
