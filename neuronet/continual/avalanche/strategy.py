"""Neurons that follow policies as a strategy of Avalanche."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from neuronet.continual.avalanche.adapters import to_module
from neuronet.continual.avalanche.imports import templates
from neuronet.core import SGD, Network, Policy, Population
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine


class PolicyStrategy(templates.SupervisedTemplate):  # type: ignore[misc]
    """Strategy of Avalanche for neurons that follow policies, including those that adapt and remember.

    In each iteration the tensor engine computes the outputs and gets the feedback of the loss. The neurons' intended changes
    are subtracted from the parameters' `grad`, which may already hold the gradients of plug-ins by the parameters (EWC, SI,
    MAS). Terms that plug-ins add by the outputs (LwF) change the output feedback and so pass through the policies. Then the
    optimizer steps. For evaluation, and for plug-ins that run the model themselves, the model is an ordinary module.

    The change that neurons remember is the intended one times the learning rate: momentum, Adam's scaling and penalties on
    parameters are not visible to them.

    Args:
        network: Initial network, with dense wiring.
        population: Policy of all neurons, or a population.
        learning_rate: Learning rate (> 0), of SGD and of foresighted neurons.
        seed: Random seed (>= 0) of everything random within the rounds.
        dtype: "float32" or "float64".
        optimizer: Function that makes an optimizer for parameters; None for SGD.
        options: Options of Avalanche's SupervisedTemplate, such as `criterion`, `plugins`, `train_mb_size`, `device`.

    Raises:
        NeuroNetError: A value is not valid.
    """

    def __init__(
        self,
        *,
        network: Network,
        population: Policy | Population,
        learning_rate: float = 0.1,
        seed: int = 0,
        dtype: str = "float32",
        optimizer: Any = None,
        **options: Any,
    ) -> None:
        policies = population.groups(network, seed) if isinstance(population, Population) else population
        setup = Setup(network, policies, SGD(), learning_rate, seed=seed, dtype=dtype)
        module = to_module(network, dtype)
        stepping = torch.optim.SGD(module.parameters(), learning_rate) if optimizer is None else optimizer(module.parameters())
        super().__init__(model=module, optimizer=stepping, **options)
        self._engine = TensorEngine(setup, device=str(self.device))

    def forward(self) -> Tensor:
        """Return the outputs (B, O); in training they come from the engine."""
        if not self.is_training:
            outputs: Tensor = super().forward()
            return outputs
        with torch.inference_mode():
            for layer, module in zip(self._engine.layers, self.model.layers, strict=True):
                layer.weights.copy_(module.weight)
                layer.bias.copy_(module.bias)
        activity: Tensor = self._engine.speak(self.mb_x)
        return activity.clone().requires_grad_()

    def backward(self) -> None:
        """Add the neurons' intended changes to the gradients of the terms that plug-ins added to the loss."""
        outputs, targets = self.mb_output, self.mb_y
        self.loss.backward(retain_graph=self.retain_graph)
        with torch.no_grad():
            self._engine.learn(-len(outputs) * outputs.grad, self._losses(outputs, targets))
            parameters = self._engine.parameters
            for index, module in enumerate(self.model.layers):  # under SGD the velocities are the intended changes
                weights, bias = parameters.views(parameters.velocity, index)
                _add_to_gradient(module.weight, weights)
                _add_to_gradient(module.bias, bias)

    def _losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of each sample, (B,), the negative of its reward."""
        losses = getattr(self._criterion, "losses", None)
        result: Tensor = (
            functional.cross_entropy(outputs, targets, reduction="none") if losses is None else losses(outputs, targets)
        )
        return result


def _add_to_gradient(parameter: Tensor, intent: Tensor) -> None:
    """Subtract the intended change per unit of learning rate from the gradient."""
    parameter.grad = -intent.clone() if parameter.grad is None else parameter.grad - intent
