"""Base of the methods with a quadratic penalty, and the mean gradients that weight it.

The penalty acts by implicit (proximal) steps, which no strength can make diverge; explicit steps do so as soon as learning rate
times strength times importance exceeds 2. Rockafellar 1976, "Monotone operators and the proximal point algorithm"; in the metric
of Adam: Yun, Lozano, Yang 2021, "Adaptive proximal gradient methods for structured neural networks".
"""

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

    Any number of penalties (importances `m_t` around parameters `theta_t`) costs no more than one: but for a constant, their sum
    is `strength / 2 * sum_n M_n (theta_n - c_n)^2` with `M = sum_t m_t` and the weighted mean `c = sum_t m_t theta_t / M`.

    A round makes a step of the optimizer on the loss alone, and then the implicit step of the penalty: with h, the length of the
    optimizer's step per unit of gradient, `theta` moves to the minimum of `(theta - theta')^2 / 2h` plus the penalty.

    Args:
        config: Initial values.
        strength: Weight of the penalty (>= 0).

    Attributes:
        strength: Weight of the penalty.
        total_importance: `M` of each parameter.
        centre: `c` of each parameter; 0 where it has no importance.
    """

    def __init__(self, config: LearnerConfig, strength: float) -> None:
        super().__init__(config)
        self.strength = strength
        self.total_importance = [torch.zeros_like(parameter, requires_grad=False) for parameter in self.parameters]
        self.centre = [torch.zeros_like(importance) for importance in self.total_importance]

    def add_penalty(self, importances: Importances, decay: float = 1.0) -> None:
        """Add a penalty around the present parameters.

        Args:
            importances: Importance of each parameter (>= 0).
            decay: Factor of the earlier importances (0 to 1); if below 1, they move to the present parameters, too.
        """
        for index, (parameter, importance) in enumerate(zip(self.parameters, importances, strict=True)):
            value, largest = parameter.detach(), torch.finfo(parameter.dtype).max
            total = (decay * self.total_importance[index] + importance).clamp(max=largest)
            share = torch.where(total > 0, importance / total, 0.0) if decay == 1.0 else torch.ones_like(total)
            self.centre[index] = torch.lerp(self.centre[index], value, share.clamp(max=1.0))
            self.total_importance[index] = total

    def implicit_step(self) -> None:
        """Move each parameter towards its centre, by the share `h strength M / (1 + h strength M)` of its distance."""
        if not self.strength:
            return
        for index, parameter in enumerate(self.parameters):
            pull = implicit_share(self.step_size(index), self.strength, self.total_importance[index])
            with torch.no_grad():
                parameter.lerp_(self.centre[index], pull)


def implicit_share(step_size: Tensor, strength: float, importance: Tensor) -> Tensor:
    """Return the share `r / (1 + r)` of the way to the minimum that an implicit step goes, `r = step_size strength importance`.

    It is from 0 to 1 for all finite arguments >= 0, also where their product is too large for the type.
    """
    largest = torch.finfo(importance.dtype).max
    rate = (step_size * strength).clamp(max=largest)
    return 1.0 / (1.0 + 1.0 / (rate * importance))


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
