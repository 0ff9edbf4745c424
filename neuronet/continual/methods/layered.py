"""Networks whose hidden neurons follow one policy, and whose output neurons another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from neuronet.continual.methods.base import LearnerConfig, Method
from neuronet.continual.methods.policy_learner import PolicyLearner
from neuronet.core import Policy, Population, check_number
from neuronet.registry import build_network, parse_policy


@dataclass(frozen=True)
class Layered(Method):
    """Hidden neurons follow one policy, output neurons another; they get no task boundaries.

    By default, output neurons respond exactly to all samples so far, over random features.

    Args:
        hidden: Policy of the hidden neurons.
        outputs: Policy of the output neurons.
        features: Neurons of a single hidden layer that replaces the study's hidden layers (>= 0); 0 for the study's.
    """

    hidden: str = "free-rider"
    outputs: str = "least-squares"
    features: int = 0

    def __post_init__(self) -> None:
        _ = self.policies  # checks the specs
        check_number("features", self.features, 0, whole=True)

    @cached_property
    def policies(self) -> tuple[Policy, Policy]:
        """Policies of the hidden and the output neurons."""
        return parse_policy(self.hidden), parse_policy(self.outputs)

    def learner(self, config: LearnerConfig) -> PolicyLearner:
        """Return a game for each replica."""
        if self.features:
            sizes = config.networks[0].sizes
            networks = [build_network([sizes[0], self.features, sizes[-1]], seed=seed) for seed in config.seeds]
            config = replace(config, networks=networks)
        hidden, outputs = self.policies
        depth = len(config.networks[0].sizes) - 1
        return PolicyLearner(Population.per_layer([*[hidden] * (depth - 1), outputs]), config)
