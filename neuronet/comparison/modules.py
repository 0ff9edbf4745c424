"""Comparison over a torch module: its layers follow each policy in turn, and torch's own backpropagation is the baseline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from neuronet.baselines import losses, torch_optimizer
from neuronet.comparison.contestant import Candidate, train_games
from neuronet.conversion import PolicyLayer, convert
from neuronet.core import Array, ConfigurationError, Environment, NeuroNetError, Policy, Samples, shortened, shown
from neuronet.engines.base import Setup
from neuronet.engines.tensors import resolve_device
from neuronet.training import EngineChoice, RunConfig

NewModule = nn.Module | Callable[[], nn.Module]
"""A module whose layers can be initialised again, or a function (or class) that returns a new one."""

IMAGE_DIMENSIONS = (2, 3)

TRIAL_SAMPLES = 2


@dataclass(frozen=True, eq=False)
class ModuleSetup:
    """Conditions of training that all candidates share, for a torch module.

    Attributes:
        config: Configuration; its policy, its network, learning rate and seeds are not used.
        environment: Environment; candidates are evaluated on its test samples.
        engine_choice: Device and precision.
        module: Module to train.
    """

    config: RunConfig
    environment: Environment
    engine_choice: EngineChoice
    module: NewModule

    @property
    def fingerprint(self) -> dict[str, Any]:
        """Digest of the module's text and of its weights from the first seed, for the record."""
        module = fresh_module(self.module, self.config.seed)
        digest = sha256(repr(module).encode())
        for name, tensor in module.state_dict().items():
            digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
        return {"module": digest.hexdigest()}

    def check(self, candidate: Candidate) -> None:
        """Refuse a policy that the module's layers cannot follow, or a module that does not fit the environment.

        Raises:
            ConfigurationError: It cannot be converted, fails on a batch, or returns another shape than (B, outputs).
        """
        engine = self._engine(candidate, self.config.learning_rate, self.config.seed)
        inputs = engine.prepare(self.environment.train.at(slice(0, TRIAL_SAMPLES))).inputs
        words = f"inputs (B, {', '.join(map(str, inputs.shape[1:]))})"
        try:
            outputs: Any = engine.outputs(inputs)
        except NeuroNetError:
            raise
        except Exception as error:  # torch's own, or the module's
            raise ConfigurationError(f"the module failed on {words}: {shortened(' '.join(str(error).split()))}") from error
        expected = (len(inputs), self.environment.outputs)
        if not isinstance(outputs, Tensor) or outputs.shape != expected:
            got = f"(B, {', '.join(map(str, outputs.shape[1:]))})" if isinstance(outputs, Tensor) else type(outputs).__name__
            raise ConfigurationError(f"the module must return (B, {self.environment.outputs}) for {words}, got {got}")

    def train_candidate(self, candidate: Candidate, rates: Sequence[float], seeds: Sequence[int]) -> pd.DataFrame:
        """Train with every learning rate from every seed and return a row for each rate, seed and epoch, by CURVE_COLUMNS.

        All candidates start from the same weights and play the same batches. The losses of a diverged run are not finite.

        Args:
            candidate: Candidate to train.
            rates: Learning rates.
            seeds: Seeds.
        """
        tables = []
        for rate in rates:
            for seed in seeds:
                with torch.random.fork_rng():
                    engine = self._engine(candidate, rate, seed)
                    torch.manual_seed(seed)  # for layers such as dropout
                    tables.append(train_games(engine, [(rate, seed)], self.environment, self.config))
        return pd.concat(tables, ignore_index=True)

    def policies(self, candidate: Candidate) -> tuple[Policy, ...]:
        """Return the policies that a candidate's neurons follow; none for the baseline."""
        module = self._engine(candidate, self.config.learning_rate, self.config.seed).module
        layers = (layer for layer in module.modules() if isinstance(layer, PolicyLayer))
        return tuple(group.policy for layer in layers for group in layer.layer_policy.policy_groups)

    def play_again(self, candidate: Candidate, rate: float, seed: int, watch: Callable[[Setup], Setup]) -> None:
        """Do nothing: the neurons of a module are not watched, because they have no setup."""

    def _engine(self, candidate: Candidate, rate: float, seed: int) -> ModuleEngine:
        module = fresh_module(self.module, seed)
        if candidate.population is not None:
            policy: Any = candidate.population
            outputs = self.environment.outputs
            module = convert(module, policy, seed=seed, learning_rate=rate, outputs=outputs, inplace=True)
        return ModuleEngine(module, self, rate)


class ModuleEngine:
    """Torch module that plays rounds of zero_grad, forward, backward, step.

    Args:
        module: The module; it is trained in place.
        setup: Environment, optimizer, device and precision.
        rate: Learning rate (> 0).

    Attributes:
        module: As above, on the device.
        round_number: Number of rounds played so far.
    """

    def __init__(self, module: nn.Module, setup: ModuleSetup, rate: float) -> None:
        self.round_number, self._rate, self._payoff = 0, rate, setup.environment.payoff
        self._device, self._dtype = setup.engine_choice.device, getattr(torch, setup.engine_choice.dtype)
        self._shape = input_shape(setup.environment)
        self.module = module.to(self._device, self._dtype)
        self._optimizer = torch_optimizer(setup.config.optimizer, [{"params": list(module.parameters()), "lr": rate}])

    def set_lr_factor(self, factor: float) -> None:
        """Scale the learning rate of the following rounds."""
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate * factor

    def prepare(self, samples: Samples) -> Samples:
        """Return the samples as scaled tensors on the device, images as (B, channels, height, width)."""
        scaled = samples.scaled()
        targets = torch.as_tensor(scaled.targets, device=self._device)
        targets = targets.to(self._dtype) if targets.is_floating_point() else targets.long()
        inputs = torch.as_tensor(scaled.inputs, dtype=self._dtype, device=self._device)
        return Samples(inputs.reshape(-1, *self._shape), targets)

    def play_rounds(self, samples: Samples, order: Array, batch_size: int) -> Array:
        """Play the samples in this order and return the summed loss of each round, (rounds,).

        Args:
            samples: Samples as `prepare` returned them.
            order: (N,) or (1, N), indices of the samples.
            batch_size: Samples of a round; the last round may have fewer.
        """
        self.module.train()
        sums = []
        for indices in torch.split(torch.as_tensor(order, device=self._device).reshape(-1), batch_size):
            self._optimizer.zero_grad()
            loss = losses(self._payoff, self.module(samples.inputs[indices])[None], samples.targets[indices])[0]
            torch.autograd.backward(loss.mean())
            self._optimizer.step()
            self.round_number += 1
            sums.append(loss.detach().sum())
        return torch.stack(sums)

    def outputs(self, inputs: Array) -> Array:
        """Return the outputs for inputs as `prepare` returned them: (B, O)."""
        self.module.eval()
        with torch.no_grad():
            return self.module(inputs)


def module_setup(config: RunConfig, environment: Environment, module: NewModule) -> ModuleSetup:
    """Return the conditions of a comparison over a module: single precision, unless the configuration says otherwise."""
    dtype = "float32" if config.dtype == "auto" else config.dtype
    choice = EngineChoice("tensors", resolve_device(config.device), dtype, "", config.matmul)
    return ModuleSetup(config, environment, choice, module)


def input_shape(environment: Environment) -> tuple[int, ...]:
    """Return the shape of one input: (channels, height, width) of an image, (inputs,) otherwise."""
    shape = environment.shape
    if len(shape) not in IMAGE_DIMENSIONS:
        return (environment.inputs,)
    return (1, *shape) if len(shape) == min(IMAGE_DIMENSIONS) else shape


def fresh_module(module: NewModule, seed: int) -> nn.Module:
    """Return a module with weights that depend on the seed alone: a copy, initialised again, or what a function returns.

    Raises:
        ConfigurationError: A layer has parameters and no `reset_parameters`, or the function returns no module.
    """
    given: object = module
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if not isinstance(given, nn.Module):
            made: object = given() if callable(given) else given
            if not isinstance(made, nn.Module):
                raise ConfigurationError(f"module must be a torch.nn.Module or a function that returns one, got {shown(made)}")
            return made
        copy = deepcopy(given)
        for name, layer in copy.named_modules():
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()
            elif next(layer.parameters(recurse=False), None) is not None:
                hint = "give a function that returns a new module"
                raise ConfigurationError(f"layer '{name}' of the module cannot be initialised again for each seed: {hint}")
        return copy
