"""Base of the methods with a quadratic penalty, and the mean gradients that weight it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from neuronet.continual.methods.base import LearnerConfig
from neuronet.continual.methods.finetuning import BackpropLearner
from neuronet.continual.protocols.replicated_dataset import ReplicatedDataset

Importances = list[Tensor]
"""Importance of each parameter, of its shape: (R, J, I) of weights, (R, J) of biases."""

Objectives = Callable[[Tensor], Iterator[Tensor]]
"""Function that yields, for outputs (R, B, O), objectives of each sample, (R, B), to be differentiated."""


class QuadraticLearner(BackpropLearner):
    """Learner with the loss plus `strength / 2 * sum_t sum_n m_tn (theta_n - theta_tn)^2`.

    Any number of penalties (importances `m_t` around parameters `theta_t`) costs no more than one: the gradient of their sum
    is `theta * sum_t m_t - sum_t m_t theta_t`.

    Args:
        config: Initial values.
        strength: Weight of the penalty (>= 0).

    Attributes:
        total_importance: `sum_t m_t` of each parameter.
    """

    def __init__(self, config: LearnerConfig, strength: float) -> None:
        super().__init__(config)
        self._strength = strength
        self.total_importance = [torch.zeros_like(parameter, requires_grad=False) for parameter in self.parameters]
        self._weighted_centre = [torch.zeros_like(importance) for importance in self.total_importance]
        self._has_penalty = False

    def add_penalty(self, importances: Importances, decay: float = 1.0) -> None:
        """Add a penalty around the present parameters.

        Args:
            importances: Importance of each parameter.
            decay: Factor of the earlier importances (0 to 1); if below 1, they move to the present parameters, too.
        """
        for index, (parameter, importance) in enumerate(zip(self.parameters, importances, strict=True)):
            value = parameter.detach()
            if decay == 1.0:
                self.total_importance[index] += importance
                self._weighted_centre[index] += importance * value
            else:
                self.total_importance[index] = decay * self.total_importance[index] + importance
                self._weighted_centre[index] = self.total_importance[index] * value
        self._has_penalty = True

    def penalty_gradient(self) -> list[Tensor] | None:
        """Return the gradient of the penalty by each parameter; None before the first penalty."""
        if not self._has_penalty:
            return None
        terms = zip(self.parameters, self.total_importance, self._weighted_centre, strict=True)
        return [self._strength * (importance * value.detach() - centre) for value, importance, centre in terms]


def mean_gradients(
    learner: BackpropLearner, dataset: ReplicatedDataset, objectives: Objectives, size: Callable[[Tensor], Tensor]
) -> Importances:
    """Return the mean over all samples of `size` of each sample's gradient, summed over the objectives.

    A sample's gradient by a weight is a product: the derivative by the listener's potential times the listener's input. `size`
    (torch.square or torch.abs) is multiplicative, so that one matrix product sums over many samples.
    """
    sums = [torch.zeros_like(parameter, requires_grad=False) for parameter in learner.parameters]
    weights, biases = sums[: len(learner.weights)], sums[len(learner.weights) :]
    for inputs, _, valid in dataset.chunks():
        potentials = learner.forward(inputs)
        layer_inputs = [inputs, *learner.hidden_inputs(potentials)]
        for objective in objectives(potentials[-1]):
            derivatives = torch.autograd.grad(objective[valid].sum(), potentials, retain_graph=True)
            for layer, derivative in enumerate(derivatives):
                sizes = size(derivative)
                weights[layer] += sizes.mT @ size(layer_inputs[layer].detach())
                biases[layer] += sizes.sum(dim=1)
    counts = torch.tensor(dataset.counts, dtype=sums[0].dtype, device=sums[0].device)
    return [total / counts.view(-1, *[1] * (total.ndim - 1)) for total in sums]
