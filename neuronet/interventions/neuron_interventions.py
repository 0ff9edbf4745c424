"""Interventions that keep the network: lesion, revive, freeze, thaw, noise, and switch to another policy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Bools, Policy, check_number, check_policy_form, pattern_of
from neuronet.engines.base import Setup, State, SynapseArrays, transfer_state
from neuronet.interventions.base import InterventionResult
from neuronet.interventions.connection_draws import connections_of
from neuronet.interventions.policy_assignment import with_network
from neuronet.interventions.targeting import NeuronIntervention, Targets, nodes_of, rng_for


def reset_optimizer_state(setup: Setup, state: State, targets: Targets) -> State:
    """Return the state in which the optimizer's buffers of the selected neurons are 0."""
    network = setup.network
    for layer, indices in targets.items():
        if layer:
            synapses = connections_of(pattern_of(network, layer), indices)[1] if network.is_sparse else indices
            optimizer = {
                name: SynapseArrays(_with_zeros(arrays.weights, synapses), _with_zeros(arrays.bias, indices))
                for name, arrays in state.layer(layer).optimizer.items()
            }
            state = state.with_layer(layer, optimizer=optimizer)
    return state


def _with_zeros(array: NDArray[Any], indices: NDArray[np.int64]) -> NDArray[Any]:
    array = array.copy()
    array[indices] = 0
    return array


def _is_frozen(setup: Setup, layer: int) -> Bools:
    return np.isin(setup.network.nodes[layer], list(setup.frozen))


@dataclass(frozen=True)
class Lesion(NeuronIntervention):
    """Silence neurons: their activity and demand are 0 and they do not adapt; weights, bias and memory are kept.

    Inputs (layer 0) can be silenced, too. Listeners keep their weights to silent neurons, without effect.
    """

    name = "lesion"
    first_layer = 0
    condition = "active"

    def eligible(self, setup: Setup, layer: int) -> Bools:
        """Return which neurons are active."""
        return ~setup.is_silent(layer)

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Silence the selected neurons."""
        targets = self.targets(setup, state)
        nodes = nodes_of(setup, targets)
        return replace(setup, silent=setup.silent | set(nodes)), reset_optimizer_state(setup, state, targets), nodes


@dataclass(frozen=True)
class Revive(NeuronIntervention):
    """Reactivate silent neurons, with the weights, the bias and the memory that they had; without a layer, in all layers."""

    name = "revive"
    first_layer = 0
    all_layers = True
    condition = "silent"

    def eligible(self, setup: Setup, layer: int) -> Bools:
        """Return which neurons are silent."""
        return setup.is_silent(layer)

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Reactivate the selected neurons."""
        nodes = nodes_of(setup, self.targets(setup, state))
        return replace(setup, silent=setup.silent - set(nodes)), state, nodes


@dataclass(frozen=True)
class Freeze(NeuronIntervention):
    """Stop the adaptation of neurons: activity and demand go on, but weights and bias are fixed."""

    name = "freeze"
    condition = "not frozen yet"

    def eligible(self, setup: Setup, layer: int) -> Bools:
        """Return which neurons are not frozen."""
        return ~_is_frozen(setup, layer)

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Freeze the selected neurons."""
        targets = self.targets(setup, state)
        nodes = nodes_of(setup, targets)
        return replace(setup, frozen=setup.frozen | set(nodes)), reset_optimizer_state(setup, state, targets), nodes


@dataclass(frozen=True)
class Thaw(NeuronIntervention):
    """Let frozen neurons adapt again; without a layer, in all layers."""

    name = "thaw"
    all_layers = True
    condition = "frozen"

    def eligible(self, setup: Setup, layer: int) -> Bools:
        """Return which neurons are frozen."""
        return _is_frozen(setup, layer)

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Thaw the selected neurons."""
        nodes = nodes_of(setup, self.targets(setup, state))
        return replace(setup, frozen=setup.frozen - set(nodes)), state, nodes


@dataclass(frozen=True)
class Noise(NeuronIntervention):
    """Add Gaussian noise to the incoming weights of neurons, once.

    Args:
        sigma: Standard deviation as a multiple of the root mean square of the layer's weights (> 0).
    """

    sigma: float = 0.1

    name = "noise"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("noise: sigma", self.sigma, 0, above=True)

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Add noise to the weights of the selected neurons."""
        targets = self.targets(setup, state)
        moved = state
        for layer, indices in targets.items():
            weights: NDArray[Any] = state.layer(layer).weights.astype(np.float64)
            pattern = pattern_of(setup.network, layer)
            scale = np.sqrt((weights * weights).sum() / max(pattern.count, 1))
            drawn = self.sigma * scale * rng_for(setup, state, layer, "noise on attention").standard_normal(pattern.count)
            noisy = connections_of(pattern, indices)[1]
            place = noisy if setup.network.is_sparse else (pattern.rows[noisy], pattern.columns[noisy])
            weights[place] += drawn[noisy]
            moved = moved.with_layer(layer, weights=weights.astype(setup.dtype))
        return setup, moved, nodes_of(setup, targets)


@dataclass(frozen=True)
class Switch(NeuronIntervention):
    """Assign another policy to neurons, with that policy's initial memory.

    Args:
        policy: The new policy.
    """

    policy: Policy | None = None

    name = "switch"
    condition = "following another policy yet"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_policy_form(self.policy)

    def eligible(self, setup: Setup, layer: int) -> Bools:
        """Return which neurons follow another policy."""
        differs = np.ones(setup.network.sizes[layer], dtype=np.bool_)
        for group in setup.groups(layer):
            differs[list(group.members)] = group.policy != self.policy
        return differs

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Assign the policy to the selected neurons."""
        assert self.policy is not None
        nodes = nodes_of(setup, self.targets(setup, state))
        after = with_network(setup, setup.network, dict.fromkeys(nodes, self.policy))
        return after, transfer_state(state, [setup], [after]), nodes
