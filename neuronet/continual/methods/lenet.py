"""A LeNet whose neurons follow a policy, through `neuronet.convert`, as a learner of a sequence of tasks without boundaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import NoReturn

import torch
from torch import Tensor, nn
from torch.nn import functional

from neuronet.baselines import torch_optimizer
from neuronet.continual.methods.base import Batch, Learner, LearnerConfig, Method
from neuronet.continual.methods.finetuning import cross_entropy
from neuronet.core import ConfigurationError, Network, Policy
from neuronet.registry import parse_policy


@dataclass(frozen=True)
class LeNet(Method):
    """LeNet of three convolutions and two linear layers, in place of the study's network; its neurons follow a policy.

    The inputs must be grey images; they are resized to 32 by 32, bilinearly. The policy is one that `convert` takes:
    not one that changes weights by itself, such as `keeping-promises`.

    Args:
        policy: Spec of the policy of all layers.

    Raises:
        SpecError: The policy is not valid.
        ConfigurationError: `convert` cannot take the policy.
    """

    policy: str = "attention"

    def __post_init__(self) -> None:
        _module(parse_policy(self.policy), 1, 0)  # refuses what it cannot convert

    def learner(self, config: LearnerConfig) -> LeNetLearner:
        """Return a converted module for each replica."""
        return LeNetLearner(parse_policy(self.policy), config)

    def neuron_policies(self, network: Network, seed: int) -> tuple[Policy, ...]:
        """Return the policy."""
        return (parse_policy(self.policy),)


def _module(policy: Policy, outputs: int, seed: int) -> nn.Module:
    """Return the converted module of a seed."""
    from neuronet.conversion import LENET_SIDE, follow, lenet  # loads torch's compiler

    return follow(lenet(outputs, LENET_SIDE, seed), policy, outputs, seed)


class LeNetLearner(Learner):
    """R modules of the same layers, trained by torch.optim, whose backward pass follows a policy.

    Args:
        policy: Policy of all layers.
        config: Initial values; of its networks only the numbers of inputs and outputs count.

    Raises:
        ConfigurationError: The inputs are not those of a grey image.
    """

    def __init__(self, policy: Policy, config: LearnerConfig) -> None:
        from neuronet.conversion import LENET_SIDE  # loads torch's compiler

        sizes = config.networks[0].sizes
        image, outputs = config.shape[-2:], sizes[-1]
        if len(image) < 2 or prod(image) != sizes[0]:
            raise ConfigurationError(f"a LeNet needs grey images, got inputs of shape {config.shape}")
        self._image, self._resized = image, (LENET_SIDE, LENET_SIDE)
        modules = [_module(policy, outputs, seed) for seed in config.seeds]
        self._modules: list[nn.Module] = [module.to(config.device, getattr(torch, config.dtype)) for module in modules]
        self._memories = [buffer for module in self._modules for buffer in module.buffers()]
        self._learning_rate = config.learning_rate
        group = {"params": self.network_tensors(), "lr": config.learning_rate}
        self._optimizer = torch_optimizer(config.optimizer, [group])

    def train_batch(self, batch: Batch) -> None:
        """Make one step of the optimizer by the demands of the active classes."""
        self._optimizer.zero_grad()
        torch.autograd.backward(cross_entropy(self._answers(batch.inputs), batch).mean(dim=-1).sum())
        self._optimizer.step()

    def set_lr_factor(self, factor: float) -> None:
        """Multiply the initial learning rate by a factor from the next round on."""
        for group in self._optimizer.param_groups:
            group["lr"] = self._learning_rate * factor

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return the outputs (R, B, O) for inputs (R, B, I)."""
        with torch.no_grad():
            return self._answers(inputs)

    def _answers(self, inputs: Tensor) -> Tensor:
        images = inputs.reshape(-1, 1, *self._image)
        resized = functional.interpolate(images, self._resized, mode="bilinear", antialias=True)
        parts = torch.split(resized, inputs.shape[1])
        return torch.stack([module(part) for module, part in zip(self._modules, parts, strict=True)])

    def replica_tensors(self, replica: int) -> list[Tensor]:
        """Return the parameters of a replica's module."""
        return list(self._modules[replica].parameters())

    def network_tensors(self) -> Sequence[Tensor]:
        """Return the parameters of all modules."""
        return [parameter for module in self._modules for parameter in module.parameters()]

    def networks(self) -> NoReturn:
        """Raise an error: convolutions share weights between places, which a layered network has no form for."""
        raise ConfigurationError("a LeNet is a module of torch and has no layered network")

    def close(self) -> None:
        """Let go of the modules."""
        self._modules, self._memories = [], []
