"""Networks of self-interested neurons as learners of a sequence of tasks: nobody tells them where one task ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import array_api_compat.torch as xp
from torch import Tensor

from neuronet.continual.evaluation.masked_cross_entropy import MaskedCrossEntropy
from neuronet.continual.methods.base import Batch, Learner, LearnerConfig, Method, Range
from neuronet.core.policy import Policy
from neuronet.core.structure.network import Network
from neuronet.core.structure.population import Population, Shares
from neuronet.engines.base import Setup
from neuronet.engines.tensors import tensor_engine
from neuronet.policies import DiminishingReturns, IncomeProtecting, KeepingPromises

POLICY_RANGES: dict[type[Policy], dict[str, Range]] = {
    IncomeProtecting: {"kappa": (10.0, 1e5)},
    DiminishingReturns: {"alpha": (0.1, 10.0)},
    KeepingPromises: {"kappa": (1e-4, 1.0)},
}
"""What tuning may choose of a policy that all neurons follow, as in `Method.ranges`."""


@dataclass(frozen=True)
class PolicyMethod(Method):
    """Neurons that follow policies.

    Args:
        population: Which neurons follow which policy.
    """

    population: Population

    def learner(self, config: LearnerConfig) -> PolicyLearner:
        """A game for each seed."""
        return PolicyLearner(self.population, config)

    def tunable_ranges(self) -> Mapping[str, Range]:
        """Those of POLICY_RANGES, where one policy is followed by all."""
        policy = self._policy
        if policy is None:
            return {}
        defaults = {name: field.default for name, field in policy.__dataclass_fields__.items()}  # type: ignore[attr-defined]
        ranges = POLICY_RANGES.get(type(policy), {})
        return {name: span for name, span in ranges.items() if getattr(policy, name) == defaults[name]}

    def with_parameters(self, values: Mapping[str, float]) -> Self:
        """The same policy with other values."""
        if self._policy is None or not values:
            return self
        return replace(self, population=Shares(((replace(self._policy, **values), 1.0),)))  # type: ignore[type-var]

    @property
    def _policy(self) -> Policy | None:
        alone = isinstance(self.population, Shares) and len(self.population.parts) == 1
        return self.population.parts[0][0] if alone and isinstance(self.population, Shares) else None


class PolicyLearner(Learner):
    """A game on the tensor engine.

    Args:
        population: Which neurons follow which policy.
        config: What all learners begin with.
    """

    def __init__(self, population: Population, config: LearnerConfig) -> None:
        setups = [
            Setup(
                network, population.groups(network, seed), config.optimizer, config.learning_rate, seed=seed, dtype=config.dtype
            )
            for network, seed in zip(config.networks, config.seeds, strict=True)
        ]
        self._single_replica = len(setups) == 1
        self._engine: Any = tensor_engine(setups, config.batch_size, device=config.device)
        self._replicas = range(len(setups))

    def train_batch(self, batch: Batch) -> None:
        """A round, with the payoff of the classes that may answer now."""
        payoff = MaskedCrossEntropy(batch.active_classes)
        outputs = self._with_replicas(self._engine.speak(self._to_engine(batch.inputs)))
        feedback = payoff.feedback(xp, outputs, batch.targets)
        self._engine.learn(self._to_engine(feedback), self._to_engine(payoff.loss(xp, outputs, batch.targets)))

    def outputs(self, inputs: Tensor) -> Tensor:
        """What the output neurons say."""
        return self._with_replicas(self._engine.outputs(self._to_engine(inputs)))

    def _to_engine(self, array: Tensor) -> Tensor:
        return array[0] if self._single_replica else array

    def _with_replicas(self, array: Tensor) -> Tensor:
        return array[None] if self._single_replica else array

    def networks(self) -> list[Network]:
        """As they are now."""
        return [self._engine.network(replica) for replica in self._replicas]

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()
