"""Networks of self-interested neurons as learners of a sequence of tasks: nobody tells them where one task ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import array_api_compat.torch as xp
from torch import Tensor

from neuronet.continual.evaluation.masked_cross_entropy import OpenClasses
from neuronet.continual.methods.base import Batch, Learner, Method, Range, Start
from neuronet.core.policy import Policy
from neuronet.core.structure.network import Network
from neuronet.core.structure.population import Population, Shares
from neuronet.engines.base.engine import Setup
from neuronet.engines.tensors import tensor_engine
from neuronet.policies import DiminishingReturns, IncomeProtecting, KeepingPromises

POLICY_RANGES: dict[type[Policy], dict[str, Range]] = {
    IncomeProtecting: {"kappa": (10.0, 1e5)},
    DiminishingReturns: {"alpha": (0.1, 10.0)},
    KeepingPromises: {"kappa": (1e-4, 1.0)},
}
"""What tuning may choose of a policy that all neurons follow, as in `Method.ranges`."""


@dataclass(frozen=True)
class Society(Method):
    """Neurons that follow policies.

    Args:
        population: Which neurons follow which policy.
    """

    population: Population

    def learner(self, start: Start) -> Playing:
        """A game for each seed."""
        return Playing(self.population, start)

    def free(self) -> Mapping[str, Range]:
        """Those of POLICY_RANGES, where one policy is followed by all."""
        policy = self._policy
        if policy is None:
            return {}
        usual = {name: field.default for name, field in policy.__dataclass_fields__.items()}  # type: ignore[attr-defined]
        ranges = POLICY_RANGES.get(type(policy), {})
        return {name: span for name, span in ranges.items() if getattr(policy, name) == usual[name]}

    def tuned(self, values: Mapping[str, float]) -> Self:
        """The same policy with other values."""
        if self._policy is None or not values:
            return self
        return replace(self, population=Shares(((replace(self._policy, **values), 1.0),)))  # type: ignore[type-var]

    @property
    def _policy(self) -> Policy | None:
        alone = isinstance(self.population, Shares) and len(self.population.parts) == 1
        return self.population.parts[0][0] if alone and isinstance(self.population, Shares) else None


class Playing(Learner):
    """A game on the tensor engine.

    Args:
        population: Which neurons follow which policy.
        start: What all learners begin with.
    """

    def __init__(self, population: Population, start: Start) -> None:
        setups = [
            Setup(network, population.groups(network, seed), start.rule, start.learning_rate, seed=seed, dtype=start.dtype)
            for network, seed in zip(start.networks, start.seeds, strict=True)
        ]
        self._alone = len(setups) == 1
        self._engine: Any = tensor_engine(setups, start.batch_size, device=start.device)
        self._replicas = range(len(setups))

    def play(self, batch: Batch) -> None:
        """A round, with the payoff of the classes that may answer now."""
        payoff = OpenClasses(batch.open)
        said = self._with_replicas(self._engine.speak(self._engines(batch.inputs)))
        feedback = payoff.feedback(xp, said, batch.targets)
        self._engine.learn(self._engines(feedback), self._engines(payoff.loss(xp, said, batch.targets)))

    def outputs(self, inputs: Tensor) -> Tensor:
        """What the output neurons say."""
        return self._with_replicas(self._engine.outputs(self._engines(inputs)))

    def _engines(self, array: Tensor) -> Tensor:
        return array[0] if self._alone else array

    def _with_replicas(self, array: Tensor) -> Tensor:
        return array[None] if self._alone else array

    def networks(self) -> list[Network]:
        """As they are now."""
        return [self._engine.network(replica) for replica in self._replicas]

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()
