"""Interventions that change the network itself: connections, neurons and layers that move, come and go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from neuronet.core.activation import parse_activation
from neuronet.core.errors import NeuroNetError, check_number, unknown_name_error
from neuronet.core.policy import Policy
from neuronet.core.structure.network import Network
from neuronet.core.structure.population import check_policy_form
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
from neuronet.interventions.policy_assignment import most_common_policy, new_nodes, policies_by_node, with_network
from neuronet.interventions.targeting import NeuronIntervention, check_layer, nodes_of, rng_for

CONNECTION_SELECTIONS = ("any", "weakest")


def _with_network(setup: Setup, state: State, network: Network, added_nodes: Mapping[int, Policy]) -> tuple[Setup, State]:
    """The game in another network: who is there still keeps what is about neighbours who are, too."""
    after = with_network(setup, network, policies_by_node(setup) | dict(added_nodes))
    return after, transfer_state(state, [setup], [after])


@dataclass(frozen=True)
class Rewire(NeuronIntervention):
    """Neurons leave a part of their speakers for as many others, chosen by chance, to whom they pay nothing yet.

    Args:
        fraction: Of each neuron's connections, above 0 to 1.
        which: Whom they leave: "any" speakers, or the "weakest", to whom they pay least.
    """

    fraction: float = 0.1
    which: str = "any"

    name = "rewire"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("rewire: fraction", self.fraction, 0, 1, above=True)
        if self.which not in CONNECTION_SELECTIONS:
            raise unknown_name_error("way to leave speakers", self.which, CONNECTION_SELECTIONS)

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Move their connections."""
        targets = self.targets(setup, state)
        network = state.network(setup.network)
        for layer, some in targets.items():
            rng = rng_for(setup, state, layer, "connections")
            network = with_rewired_connections(network, layer, some, self.fraction, self.which == "weakest", rng)
        return *_with_network(setup, state, network, {}), nodes_of(setup, targets)


@dataclass(frozen=True)
class Connect(Intervention):
    """Neurons begin to listen to some of the layer before, and pay them nothing yet.

    Args:
        layer: The listeners' layer, 1 for the first that listens.
        pairs: A listener and a speaker each, as places within their layers.

    Raises:
        NeuroNetError: These are no pairs.
    """

    layer: int
    pairs: Sequence[tuple[int, int]]

    name = "connect"

    def __post_init__(self) -> None:
        try:
            pairs = tuple((int(listener), int(speaker)) for listener, speaker in self.pairs)
        except (TypeError, ValueError):
            pairs = ()
        if not pairs:
            raise NeuroNetError(f"{self.name}: pairs must be a listener and a speaker each, such as [(0, 3)], got {self.pairs!r}")
        object.__setattr__(self, "pairs", pairs)

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Connect them."""
        return self._apply(setup, state, there=True)

    def _apply(self, setup: Setup, state: State, *, there: bool) -> InterventionResult:
        layer = check_layer(setup, self.layer, 1, len(setup.network.sizes) - 1, "1 for the first that listens")
        network = with_pairs(state.network(setup.network), layer, self.pairs, there=there)
        nodes = sorted({int(network.nodes[layer][listener]) for listener, _ in self.pairs})
        return *_with_network(setup, state, network, {}), tuple(nodes)


@dataclass(frozen=True)
class Disconnect(Connect):
    """Neurons no longer listen to some of the layer before."""

    name = "disconnect"

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Part them."""
        return self._apply(setup, state, there=False)


@dataclass(frozen=True)
class Add(Intervention):
    """New neurons join a hidden layer: they listen at once, but nobody pays them any attention yet.

    Args:
        layer: Which.
        neurons: How many, 1 or more.
        policy: Theirs; without it, the one that most of the layer follow.

    Raises:
        NeuroNetError: It is no such number or policy.
    """

    layer: int
    neurons: int = 1
    policy: Policy | None = None

    name = "add"

    def __post_init__(self) -> None:
        check_number("add: neurons", self.neurons, 1, whole=True)
        if self.policy is not None:
            check_policy_form(self.policy)

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Let them join."""
        layer = _check_hidden(setup, self.layer)
        rng = rng_for(setup, state, layer, "new neurons")
        nodes = new_nodes(setup, self.neurons)
        network = with_neurons(state.network(setup.network), layer, nodes, rng)
        policy = self.policy or most_common_policy(setup, layer)
        return *_with_network(setup, state, network, dict.fromkeys(nodes.tolist(), policy)), tuple(nodes.tolist())


@dataclass(frozen=True)
class Remove(NeuronIntervention):
    """Neurons leave a hidden layer, and all connections with them."""

    name = "remove"

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Let them go."""
        targets = self.targets(setup, state)
        network = state.network(setup.network)
        for layer, some in targets.items():
            network = without_neurons(network, _check_hidden(setup, layer), some)
        return *_with_network(setup, state, network, {}), nodes_of(setup, targets)


@dataclass(frozen=True)
class AddLayer(Intervention):
    """A new layer comes between two, as wide as the one before it, whose words it repeats at first.

    Args:
        after: After which layer, 0 for the inputs.
        activation: Of the new layer; "auto" for one that changes nothing at first: relu after relu, else identity.
        policy: That its neurons follow; without it, that of most in the layer before, or, after the inputs, behind.

    Raises:
        NeuroNetError: The activation is unknown, or the policy none.
    """

    after: int
    activation: str = "auto"
    policy: Policy | None = None

    name = "add_layer"

    def __post_init__(self) -> None:
        if self.activation != "auto":
            parse_activation(self.activation)
        if self.policy is not None:
            check_policy_form(self.policy)

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Put it there."""
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
    """A hidden layer goes: its listeners listen to its speakers, with the product of the attention that was paid on the way.

    Args:
        layer: Which.
    """

    layer: int

    name = "remove_layer"

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Take it out."""
        layer = _check_hidden(setup, self.layer)
        nodes = tuple(setup.network.nodes[layer].tolist())
        network = without_layer(state.network(setup.network), layer)
        after, moved = _with_network(setup, state, network, {})
        bias = network.biases[layer - 1].astype(setup.dtype)  # the listeners make up for the bias of those who have gone
        return after, replace(moved, arrays={**moved.arrays, f"{layer}.bias": np.asarray(bias)}), nodes


def _check_hidden(setup: Setup, layer: object) -> int:
    last = len(setup.network.sizes) - 2
    if last < 1:
        raise NeuroNetError("the network has no hidden layer: inputs and outputs are the environment's, and stay")
    return check_layer(setup, layer, 1, last, "hidden, since inputs and outputs are the environment's")
