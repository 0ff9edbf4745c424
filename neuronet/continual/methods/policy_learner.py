"""Networks of neurons that follow policies, as learners of a sequence of tasks; they get no task boundaries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import array_api_compat.torch as xp
from torch import Tensor

from neuronet.continual.methods.base import Batch, Learner, LearnerConfig, Method, Range, replace_fields, unset_ranges
from neuronet.continual.methods.masked_cross_entropy import MaskedCrossEntropy
from neuronet.core import Network, Policy, Population, Shares
from neuronet.engines.base import Setup
from neuronet.engines.tensors import tensor_engine
from neuronet.policies import DiminishingReturns, IncomeProtecting, KeepingPromises, LeastSquares, LeastSquaresByContext

POLICY_RANGES: dict[type[Policy], dict[str, Range]] = {
    IncomeProtecting: {"kappa": (10.0, 1e5)},
    DiminishingReturns: {"alpha": (0.1, 10.0)},
    KeepingPromises: {"kappa": (1e-4, 1.0)},
    LeastSquares: {"penalty": (1.0, 1e5)},
    LeastSquaresByContext: {"penalty": (1.0, 1e5), "surprise": (1.5, 150.0)},
}
"""Parameters that tuning may choose of a policy that all neurons follow, as in `Method.ranges`."""


def policy_ranges(policy: Policy) -> Mapping[str, Range]:
    """Return the parameters of a policy that tuning may choose, as in `Method.ranges`."""
    return POLICY_RANGES.get(type(policy), {})


@dataclass(frozen=True)
class PolicyMethod(Method):
    """Networks of neurons that follow policies.

    Args:
        population: Policy of each neuron.
    """

    population: Population

    def learner(self, config: LearnerConfig) -> PolicyLearner:
        """Return a game for each replica."""
        return PolicyLearner(self.population, config)

    def neuron_policies(self, network: Network, seed: int) -> tuple[Policy, ...]:
        """Return the policies of the population."""
        return Setup(network, self.population.groups(network, seed)).all_policies

    def tunable_ranges(self) -> Mapping[str, Range]:
        """Return the ranges in POLICY_RANGES if all neurons follow one policy."""
        policy = self._policy
        return {} if policy is None else unset_ranges(policy, policy_ranges(policy))

    def with_parameters(self, values: Mapping[str, float]) -> Self:
        """Return the same policy with other parameters."""
        if self._policy is None or not values:
            return self
        return type(self)(Shares(((replace_fields(self._policy, values), 1.0),)))

    @property
    def _policy(self) -> Policy | None:
        if isinstance(self.population, Shares) and len(self.population.parts) == 1:
            return self.population.parts[0][0]
        return None


class PolicyLearner(Learner):
    """Game of each replica on the tensor engine.

    Args:
        population: Policy of each neuron.
        config: Initial values.
    """

    def __init__(self, population: Population, config: LearnerConfig) -> None:
        setups = [
            Setup(
                network, population.groups(network, seed), config.optimizer, config.learning_rate, seed=seed, dtype=config.dtype
            )
            for network, seed in zip(config.networks, config.seeds, strict=True)
        ]
        setups = setups if config.watch is None else list(map(config.watch, setups))
        self._single_replica = len(setups) == 1
        self._engine: Any = tensor_engine(setups, config.batch_size, device=config.device)
        self._replicas = range(len(setups))

    def train_batch(self, batch: Batch) -> None:
        """Play one round, with the payoff of the active classes."""
        payoff = MaskedCrossEntropy(batch.active_classes)
        outputs = self._with_replicas(self._engine.speak(self._to_engine(batch.inputs)))
        feedback = payoff.feedback(xp, outputs, batch.targets)
        self._engine.learn(self._to_engine(feedback), self._to_engine(payoff.loss(xp, outputs, batch.targets)))

    def set_lr_factor(self, factor: float) -> None:
        """Multiply the initial learning rate by a factor from the next round on."""
        self._engine.set_lr_factor(factor)

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return the outputs (R, B, O) for inputs (R, B, I)."""
        return self._with_replicas(self._engine.outputs(self._to_engine(inputs)))

    def _to_engine(self, array: Tensor) -> Tensor:
        return array[0] if self._single_replica else array

    def _with_replicas(self, array: Tensor) -> Tensor:
        return array[None] if self._single_replica else array

    def networks(self) -> list[Network]:
        """Return the present network of each replica."""
        return [self._engine.network(replica) for replica in self._replicas]

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()

    def kept_bytes(self) -> int:
        """Return the bytes of the policies' memories and of the optimizer; the engine's work arrays are not counted."""
        layers = self._engine.state().layers
        optimizer: int = sum(part.weights.nbytes + part.bias.nbytes for layer in layers for part in layer.optimizer.values())
        memories: int = sum(array.nbytes for layer in layers for memory in layer.memories for array in memory.values())
        return optimizer + memories
