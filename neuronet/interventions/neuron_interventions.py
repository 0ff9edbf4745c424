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
from neuronet.engines.base.engine import Setup, State
from neuronet.engines.base.state_transfer import reassign
from neuronet.interventions.base import Changed
from neuronet.interventions.policy_assignment import in_network, policies_by_node
from neuronet.interventions.targeting import OnNeurons, Places, chance_of, nodes_of


def at_rest(setup: Setup, state: State, places: Places) -> State:
    """The state in which these neurons' learning rules keep nothing, so that no change is under way."""
    arrays = dict(state.arrays)
    for layer, some in places.items():
        for kept in setup.rule.keeps if layer else ():
            for name in ("weights", "bias"):
                whole = arrays[f"{layer}.{kept}.{name}"].copy()
                whole[some] = 0
                arrays[f"{layer}.{kept}.{name}"] = whole
    return State(state.round, arrays)


@dataclass(frozen=True)
class Lesion(OnNeurons):
    """Neurons fall silent: they say 0 and demand nothing, whatever they hear, and do not adapt. They keep what they have."""

    name = "lesion"
    first = 0
    whose = "still speaking"

    def eligible(self, setup: Setup, layer: int) -> Bools:
        """Those who speak."""
        return ~setup.is_silent(layer)

    def act(self, setup: Setup, state: State) -> Changed:
        """Silence them."""
        whom = self.whom(setup, state)
        nodes = nodes_of(setup, whom)
        return replace(setup, silent=setup.silent | set(nodes)), at_rest(setup, state, whom), nodes


@dataclass(frozen=True)
class Revive(OnNeurons):
    """Silent neurons speak again, with the attention, the bias and the memory that they had; without a layer, in all layers."""

    name = "revive"
    first = 0
    anywhere = True
    whose = "silent"

    def eligible(self, setup: Setup, layer: int) -> Bools:
        """Those who are silent."""
        return setup.is_silent(layer)

    def act(self, setup: Setup, state: State) -> Changed:
        """Let them speak."""
        nodes = nodes_of(setup, self.whom(setup, state))
        return replace(setup, silent=setup.silent - set(nodes)), state, nodes


@dataclass(frozen=True)
class Freeze(OnNeurons):
    """Neurons no longer adapt: they speak and demand as ever, but the attention they pay and their bias stay as they are."""

    name = "freeze"
    whose = "not frozen yet"

    def eligible(self, setup: Setup, layer: int) -> Bools:
        """Those who are not frozen."""
        return ~np.isin(setup.network.nodes[layer], list(setup.frozen))

    def act(self, setup: Setup, state: State) -> Changed:
        """Freeze them."""
        whom = self.whom(setup, state)
        nodes = nodes_of(setup, whom)
        return replace(setup, frozen=setup.frozen | set(nodes)), at_rest(setup, state, whom), nodes


@dataclass(frozen=True)
class Thaw(OnNeurons):
    """Frozen neurons adapt again; without a layer, in all layers."""

    name = "thaw"
    anywhere = True
    whose = "frozen"

    def eligible(self, setup: Setup, layer: int) -> Bools:
        """Those who are frozen."""
        return np.isin(setup.network.nodes[layer], list(setup.frozen))

    def act(self, setup: Setup, state: State) -> Changed:
        """Let them adapt."""
        nodes = nodes_of(setup, self.whom(setup, state))
        return replace(setup, frozen=setup.frozen - set(nodes)), state, nodes


@dataclass(frozen=True)
class Noise(OnNeurons):
    """The attention that neurons pay is shaken once, by Gaussian noise on each connection.

    Args:
        sigma: Standard deviation of the noise, in units of the root mean square of the layer's attention, above 0.
    """

    sigma: float = 0.1

    name = "noise"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("noise: sigma", self.sigma, 0, above=True)

    def act(self, setup: Setup, state: State) -> Changed:
        """Shake them."""
        whom = self.whom(setup, state)
        arrays = dict(state.arrays)
        for layer, some in whom.items():
            whole: NDArray[Any] = arrays[f"{layer}.weights"].astype(np.float64)
            mask = setup.network.masks[layer - 1]
            there = np.ones(whole.shape, dtype=np.bool_) if mask is None else mask
            size = np.sqrt((whole * whole).sum() / max(there.sum(), 1))
            drawn = chance_of(setup, state, layer, "noise on attention").standard_normal(whole.shape)
            whole[some] += (self.sigma * size * drawn * there)[some]
            arrays[f"{layer}.weights"] = whole.astype(setup.dtype)
        return setup, State(state.round, arrays), nodes_of(setup, whom)


@dataclass(frozen=True)
class Switch(OnNeurons):
    """Neurons follow another policy, with the memory that they would have been born with.

    Args:
        policy: Which.
    """

    policy: Policy | None = None

    name = "switch"
    whose = "following another policy yet"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_policy_form(self.policy)

    def eligible(self, setup: Setup, layer: int) -> Bools:
        """Those who follow another one."""
        others = np.ones(setup.network.sizes[layer], dtype=np.bool_)
        for group in setup.groups(layer):
            others[list(group.members)] = group.policy != self.policy
        return others

    def act(self, setup: Setup, state: State) -> Changed:
        """Change their minds."""
        assert self.policy is not None
        nodes = nodes_of(setup, self.whom(setup, state))
        after = in_network(setup, setup.network, policies_by_node(setup) | dict.fromkeys(nodes, self.policy))
        return after, reassign(state, [setup], [after]), nodes
