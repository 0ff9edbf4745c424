"""Interventions that leave the network as it is: lesion, revive, freeze, thaw, noise, and another policy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import check_number
from neuronet.core.policy import Policy
from neuronet.core.structure.network import Bools
from neuronet.core.structure.population import check_policy_form
from neuronet.engines.base import Setup, State, transfer_state
from neuronet.interventions.base import InterventionResult
from neuronet.interventions.policy_assignment import policies_by_node, with_network
from neuronet.interventions.targeting import NeuronIntervention, Targets, nodes_of, rng_for


def reset_optimizer_state(setup: Setup, state: State, places: Targets) -> State:
    """The state in which these neurons' optimizers keep nothing, so that no change is under way."""
    arrays = dict(state.arrays)
    for layer, some in places.items():
        for kept in setup.optimizer.state_names if layer else ():
            for name in ("weights", "bias"):
                whole = arrays[f"{layer}.{kept}.{name}"].copy()
                whole[some] = 0
                arrays[f"{layer}.{kept}.{name}"] = whole
    return State(state.round, arrays)


@dataclass(frozen=True)
class Lesion(NeuronIntervention):
    """Neurons fall silent: they say 0 and demand nothing, whatever they hear, and do not adapt. They keep what they have."""

    name = "lesion"
    first_layer = 0
    condition = "still speaking"

    def eligible(self, setup: Setup, layer: int) -> Bools:
        """Those who speak."""
        return ~setup.is_silent(layer)

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Silence them."""
        targets = self.targets(setup, state)
        nodes = nodes_of(setup, targets)
        return replace(setup, silent=setup.silent | set(nodes)), reset_optimizer_state(setup, state, targets), nodes


@dataclass(frozen=True)
class Revive(NeuronIntervention):
    """Silent neurons speak again, with the attention, the bias and the memory that they had; without a layer, in all layers."""

    name = "revive"
    first_layer = 0
    all_layers = True
    condition = "silent"

    def eligible(self, setup: Setup, layer: int) -> Bools:
        """Those who are silent."""
        return setup.is_silent(layer)

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Let them speak."""
        nodes = nodes_of(setup, self.targets(setup, state))
        return replace(setup, silent=setup.silent - set(nodes)), state, nodes


@dataclass(frozen=True)
class Freeze(NeuronIntervention):
    """Neurons no longer adapt: they speak and demand as ever, but the attention they pay and their bias stay as they are."""

    name = "freeze"
    condition = "not frozen yet"

    def eligible(self, setup: Setup, layer: int) -> Bools:
        """Those who are not frozen."""
        return ~np.isin(setup.network.nodes[layer], list(setup.frozen))

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Freeze them."""
        targets = self.targets(setup, state)
        nodes = nodes_of(setup, targets)
        return replace(setup, frozen=setup.frozen | set(nodes)), reset_optimizer_state(setup, state, targets), nodes


@dataclass(frozen=True)
class Thaw(NeuronIntervention):
    """Frozen neurons adapt again; without a layer, in all layers."""

    name = "thaw"
    all_layers = True
    condition = "frozen"

    def eligible(self, setup: Setup, layer: int) -> Bools:
        """Those who are frozen."""
        return np.isin(setup.network.nodes[layer], list(setup.frozen))

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Let them adapt."""
        nodes = nodes_of(setup, self.targets(setup, state))
        return replace(setup, frozen=setup.frozen - set(nodes)), state, nodes


@dataclass(frozen=True)
class Noise(NeuronIntervention):
    """The attention that neurons pay is shaken once, by Gaussian noise on each connection.

    Args:
        sigma: Standard deviation of the noise, in units of the root mean square of the layer's attention, above 0.
    """

    sigma: float = 0.1

    name = "noise"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("noise: sigma", self.sigma, 0, above=True)

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Shake them."""
        targets = self.targets(setup, state)
        arrays = dict(state.arrays)
        for layer, some in targets.items():
            whole: NDArray[Any] = arrays[f"{layer}.weights"].astype(np.float64)
            mask = setup.network.masks[layer - 1]
            there = np.ones(whole.shape, dtype=np.bool_) if mask is None else mask
            size = np.sqrt((whole * whole).sum() / max(there.sum(), 1))
            drawn = rng_for(setup, state, layer, "noise on attention").standard_normal(whole.shape)
            whole[some] += (self.sigma * size * drawn * there)[some]
            arrays[f"{layer}.weights"] = whole.astype(setup.dtype)
        return setup, State(state.round, arrays), nodes_of(setup, targets)


@dataclass(frozen=True)
class Switch(NeuronIntervention):
    """Neurons follow another policy, with the memory that they would have been born with.

    Args:
        policy: Which.
    """

    policy: Policy | None = None

    name = "switch"
    condition = "following another policy yet"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_policy_form(self.policy)

    def eligible(self, setup: Setup, layer: int) -> Bools:
        """Those who follow another one."""
        others = np.ones(setup.network.sizes[layer], dtype=np.bool_)
        for group in setup.groups(layer):
            others[list(group.members)] = group.policy != self.policy
        return others

    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """Change their minds."""
        assert self.policy is not None
        nodes = nodes_of(setup, self.targets(setup, state))
        after = with_network(setup, setup.network, policies_by_node(setup) | dict.fromkeys(nodes, self.policy))
        return after, transfer_state(state, [setup], [after]), nodes
