"""Interventions that change the network: its connections, neurons and layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neuronet.core import (
    ConfigurationError,
    Network,
    Policy,
    check_number,
    check_policy_form,
    parse_activation,
    unknown_name_error,
)
from neuronet.engines.base import Setup, State, transfer_state
from neuronet.interventions.base import Intervention, InterventionResult
from neuronet.interventions.network_edits import (
    with_layer,
    with_neurons,
    with_pairs,
    with_rewired_connections,
    without_layer,
    without_neurons,
)
from neuronet.interventions.policy_assignment import most_common_policy, new_nodes, with_network
from neuronet.interventions.targeting import NeuronIntervention, check_layer, nodes_of, rng_for

CONNECTION_SELECTIONS = ("any", "weakest")


def _with_network(setup: Setup, state: State, network: Network, added: Mapping[int, Policy]) -> tuple[Setup, State]:
    """Return setup and state with another network; what belongs to neurons and connections that remain is kept."""
    after = with_network(setup, network, added)
    return after, transfer_state(state, [setup], [after])


@dataclass(frozen=True)
class Rewire(NeuronIntervention):
    """Replace a fraction of the connections of neurons by as many random new ones with weights of 0.

    Args:
        fraction: Fraction of each neuron's connections (0 < fraction <= 1).
        which: Connections that are removed: "any" or the "weakest", those with the smallest weights.
    """

    fraction: float = 0.1
    which: str = "any"

    name = "rewire"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("rewire: fraction", self.fraction, 0, 1, above=True)
        if self.which not in CONNECTION_SELECTIONS:
            raise unknown_name_error("selection of connections", self.which, CONNECTION_SELECTIONS)

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Rewire the selected neurons."""
        targets = self.targets(setup, state)
        network = state.network(setup.network)
        for layer, indices in targets.items():
            rng = rng_for(setup, state, layer, "connections")
            weakest = self.which == "weakest"
            network = with_rewired_connections(network, layer, indices, self.fraction, weakest, rng, setup.dtype)
        return *_with_network(setup, state, network, {}), nodes_of(setup, targets)


@dataclass(frozen=True)
class Connect(Intervention):
    """Add connections between a layer and the layer before it; their weights are 0.

    Args:
        layer: Layer of the listeners, 1 for the first hidden one.
        pairs: A listener and a speaker each, as indices within their layers.

    Raises:
        ConfigurationError: These are not pairs.
    """

    layer: int
    pairs: Sequence[tuple[int, int]]

    name = "connect"
    takes_sparse = True

    def __post_init__(self) -> None:
        try:
            pairs = tuple((int(listener), int(speaker)) for listener, speaker in self.pairs)
        except (TypeError, ValueError):
            pairs = ()
        if not pairs:
            raise ConfigurationError(
                f"{self.name}: pairs must be a listener and a speaker each, such as [(0, 3)], got {self.pairs!r}"
            )
        object.__setattr__(self, "pairs", pairs)

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Add the connections."""
        return self._apply(setup, state, connected=True)

    def _apply(self, setup: Setup, state: State, *, connected: bool) -> InterventionResult:
        layer = check_layer(setup, self.layer, 1, len(setup.network.sizes) - 1, "1 for the first hidden one")
        network = with_pairs(state.network(setup.network), layer, self.pairs, connected=connected)
        nodes = sorted({int(network.nodes[layer][listener]) for listener, _ in self.pairs})
        return *_with_network(setup, state, network, {}), tuple(nodes)


@dataclass(frozen=True)
class Disconnect(Connect):
    """Remove connections between a layer and the layer before it; the arguments are those of `Connect`."""

    name = "disconnect"

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Remove the connections."""
        return self._apply(setup, state, connected=False)


@dataclass(frozen=True)
class Add(Intervention):
    """Add neurons to a hidden layer, with fresh incoming weights and outgoing weights of 0.

    Args:
        layer: Number of the layer.
        neurons: Number of neurons (>= 1).
        policy: Their policy; None for the most common one of the layer.

    Raises:
        ConfigurationError: The number or the policy is not possible.
    """

    layer: int
    neurons: int = 1
    policy: Policy | None = None

    name = "add"
    takes_sparse = True

    def __post_init__(self) -> None:
        check_number("add: neurons", self.neurons, 1, whole=True)
        if self.policy is not None:
            check_policy_form(self.policy)

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Add the neurons."""
        layer = _check_hidden(setup, self.layer)
        rng = rng_for(setup, state, layer, "new neurons")
        nodes = new_nodes(setup, self.neurons)
        network = with_neurons(state.network(setup.network), layer, nodes, rng)
        policy = self.policy or most_common_policy(setup, layer)
        return *_with_network(setup, state, network, dict.fromkeys(nodes.tolist(), policy)), tuple(nodes.tolist())


@dataclass(frozen=True)
class Remove(NeuronIntervention):
    """Remove neurons from a hidden layer, with all their connections."""

    name = "remove"

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Remove the selected neurons."""
        targets = self.targets(setup, state)
        network = state.network(setup.network)
        for layer, indices in targets.items():
            network = without_neurons(network, _check_hidden(setup, layer), indices)
        return *_with_network(setup, state, network, {}), nodes_of(setup, targets)


@dataclass(frozen=True)
class AddLayer(Intervention):
    """Insert a layer as wide as the layer before it; at first it repeats that layer's activity.

    Args:
        after: Number of the layer before it, 0 for the inputs.
        activation: Of the new layer; "auto" for one that changes nothing at first: relu after relu, otherwise identity.
        policy: Policy of its neurons; None for the most common one of the layer before (after the inputs: of the layer behind).

    Raises:
        SpecError: The activation is unknown.
        PolicyError: The policy is not one.
    """

    after: int
    activation: str = "auto"
    policy: Policy | None = None

    name = "add_layer"
    takes_sparse = True

    def __post_init__(self) -> None:
        if self.activation != "auto":
            parse_activation(self.activation)
        if self.policy is not None:
            check_policy_form(self.policy)

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Insert the layer."""
        last = len(setup.network.sizes) - 2
        after = check_layer(setup, self.after, 0, last, "after which another one comes")
        relu = after > 0 and setup.network.activations[after - 1] == "relu"
        name = self.activation if self.activation != "auto" else "relu" if relu else "identity"
        nodes = new_nodes(setup, setup.network.sizes[after])
        policy = self.policy or most_common_policy(setup, max(after, 1))
        network = with_layer(state.network(setup.network), after, name, nodes)
        return *_with_network(setup, state, network, dict.fromkeys(nodes.tolist(), policy)), tuple(nodes.tolist())


@dataclass(frozen=True)
class RemoveLayer(Intervention):
    """Remove a hidden layer; its listeners are connected to its speakers, with the product of the two weight matrices.

    Args:
        layer: Number of the layer.
    """

    layer: int

    name = "remove_layer"
    takes_sparse = True

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Remove the layer."""
        layer = _check_hidden(setup, self.layer)
        nodes = tuple(setup.network.nodes[layer].tolist())
        network = without_layer(state.network(setup.network), layer)
        after, moved = _with_network(setup, state, network, {})
        bias = network.biases[layer - 1].astype(setup.dtype)  # it includes the contribution of the removed layer's bias
        return after, moved.with_layer(layer, bias=np.asarray(bias)), nodes


def _check_hidden(setup: Setup, layer: object) -> int:
    last = len(setup.network.sizes) - 2
    if last < 1:
        raise ConfigurationError("the network has no hidden layer: inputs and outputs belong to the environment")
    return check_layer(setup, layer, 1, last, "hidden, since inputs and outputs belong to the environment")
