"""Networks whose hidden neurons follow one policy, and whose output neurons another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from neuronet.continual.methods.base import LearnerConfig, Method, Range, replace_fields, unset_ranges
from neuronet.continual.methods.policy_learner import PolicyLearner, policy_ranges
from neuronet.core import SGD, ConfigurationError, Network, Policy, Population, check_number, with_layout
from neuronet.policies import FreeRider, Imprinting, LeastSquares, LeastSquaresByContext
from neuronet.registry import build_network, parse_policy, parse_wiring, spec_of


@dataclass(frozen=True)
class Layered(Method):
    """Hidden neurons follow one policy, output neurons another; they get no task boundaries.

    By default, output neurons respond exactly to all samples so far, over random features.

    Args:
        hidden: Policy of the hidden neurons.
        outputs: Policy of the output neurons.
        features: Neurons of a single hidden layer that replaces the study's hidden layers (>= 0); 0 for the study's.
        connectivity: Which inputs each of these neurons hears, such as "fixed-in-degree(16)" or "patches(4, 8)".
    """

    hidden: str = "free-rider"
    outputs: str = "least-squares"
    features: int = 0
    connectivity: str = "dense"

    def __post_init__(self) -> None:
        _ = self.policies  # checks the specs
        check_number("features", self.features, 0, whole=True)
        parse_wiring(self.connectivity)
        if self.connectivity != "dense" and not self.features:
            raise ConfigurationError(f"connectivity={self.connectivity} is that of a layer of features: give features, too")

    @cached_property
    def policies(self) -> tuple[Policy, Policy]:
        """Policies of the hidden and the output neurons."""
        return parse_policy(self.hidden), parse_policy(self.outputs)

    def neuron_policies(self, network: Network, seed: int) -> tuple[Policy, ...]:
        """Return both policies."""
        return self.policies

    @property
    def uses_learning_rate(self) -> bool:
        """Whether any neuron learns by the learning rate: not those of fixed features below exact responses."""
        hidden, outputs = self.policies
        return not (isinstance(hidden, FreeRider | Imprinting) and isinstance(outputs, LeastSquares | LeastSquaresByContext))

    def tunable_ranges(self) -> Mapping[str, Range]:
        """Return the ranges of the parameters of both policies that have their default values."""
        return {name: span for policy in self.policies for name, span in unset_ranges(policy, policy_ranges(policy)).items()}

    def with_parameters(self, values: Mapping[str, float]) -> Self:
        """Return the same method with other parameters of the policies that have them."""
        own = [{name: value for name, value in values.items() if name in policy_ranges(policy)} for policy in self.policies]
        texts = [
            spec_of(replace_fields(policy, chosen)) if chosen else None for policy, chosen in zip(self.policies, own, strict=True)
        ]
        return replace(self, hidden=texts[0] or self.hidden, outputs=texts[1] or self.outputs)

    def learner(self, config: LearnerConfig) -> PolicyLearner:
        """Return a game for each replica."""
        if not self.uses_learning_rate:
            config = replace(config, learning_rate=1.0, optimizer=SGD())  # cancels in the responses
        if self.features:
            sizes = config.networks[0].sizes
            networks = [self._network(sizes[0], sizes[-1], seed) for seed in config.seeds]
            config = replace(config, networks=networks)
        hidden, outputs = self.policies
        depth = len(config.networks[0].sizes) - 1
        return PolicyLearner(Population.per_layer([*[hidden] * (depth - 1), outputs]), config)

    def _network(self, inputs: int, outputs: int, seed: int) -> Network:
        """Return the network of a seed with a layer of features; the outputs hear all of them."""
        features = build_network([inputs, self.features], connectivity=self.connectivity, output_activation="relu", seed=seed)
        network = build_network([inputs, self.features, outputs], seed=seed)
        below = with_layout(features, "dense")
        return replace(network, weights=(below.weights[0], network.weights[1]), masks=(below.masks[0], network.masks[1]))
