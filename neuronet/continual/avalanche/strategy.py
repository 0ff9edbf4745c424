"""Neurons that follow policies as a strategy of Avalanche."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from neuronet.continual.avalanche.adapters import to_module
from neuronet.continual.avalanche.imports import templates
from neuronet.core.learning.optimizers import SGD
from neuronet.core.policy import Policy
from neuronet.core.structure.network import Network
from neuronet.core.structure.population import Population
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine


class PolicyStrategy(templates.SupervisedTemplate):  # type: ignore[misc]
    """A network whose neurons follow policies, trained by Avalanche: any policy, also those that adapt and remember.

    In each iteration the tensor engine speaks, and hears how the loss wants the outputs to move; what the neurons intend is put,
    with the opposite sign, into the parameters' `grad`, beside what a plug-in has added to `strategy.loss` in terms of the
    parameters (EWC, SI, MAS). What a plug-in adds in terms of the outputs (LwF) moves the outputs' wish, and so goes through the
    policies. The optimizer steps. Evaluation, and plug-ins that run the model by themselves, find an ordinary module.

    What neurons remember of their own change is what they intended, times the learning rate: of momentum, of Adam's steps and of
    penalties on parameters they hear nothing.

    Args:
        network: At the start; everybody is connected.
        population: The policy of all neurons, or a population.
        learning_rate: eta, of plain steps and of foresighted neurons.
        seed: Of all chance within the rounds.
        dtype: "float32" or "float64".
        optimizer: Makes an optimizer of the parameters; None for plain steps (SGD).
        options: Of Avalanche's SupervisedTemplate, such as `criterion`, `plugins`, `train_mb_size`, `evaluator`, `device`.

    Raises:
        NeuroNetError: Something does not fit.
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
        """What the output neurons say, (B, O): while learning, as their policies make them speak."""
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
        """What the neurons intend, and the gradient of whatever was added to the loss."""
        outputs, targets = self.mb_output, self.mb_y
        self.loss.backward(retain_graph=self.retain_graph)
        with torch.no_grad():
            self._engine.learn(-len(outputs) * outputs.grad, self._costs(outputs, targets))
            for layer, module in zip(self._engine.layers, self.model.layers, strict=True):
                _add_to_gradient(module.weight, layer.velocity_weights)
                _add_to_gradient(module.bias, layer.velocity_bias)

    def _costs(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """What each sample cost, (B,): minus this is the reward."""
        losses = getattr(self._criterion, "losses", None)
        found: Tensor = (
            functional.cross_entropy(outputs, targets, reduction="none") if losses is None else losses(outputs, targets)
        )
        return found


def _add_to_gradient(parameter: Tensor, intent: Tensor) -> None:
    """Add to the gradient that the intended change, per unit of learning rate, goes down."""
    parameter.grad = -intent.clone() if parameter.grad is None else parameter.grad - intent
