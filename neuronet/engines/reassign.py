"""When neurons change their policy in mid-game: what the state becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.engines.engine import Setup, State, axis_lengths, check_replicas, check_state, memory_name
from neuronet.observation import Place
from neuronet.policy import in_common
from neuronet.population import Group, Population
from neuronet.randomness import Draws, LayerChance


def with_policies(setups: Sequence[Setup], policies: Any) -> list[Setup]:
    """The same games with other policies.

    Args:
        setups: One for each replica.
        policies: A Population, or what a Setup takes, for all replicas.

    Raises:
        NeuroNetError: They do not fit, or replicas would differ in more than they may.
    """
    changed = [
        replace(each, policies=policies.groups(each.network, each.seed) if isinstance(policies, Population) else policies)
        for each in setups
    ]
    check_replicas(changed)
    return changed


def reassign(state: State, old: Sequence[Setup], new: Sequence[Setup]) -> State:
    """The state of a game whose neurons go on with other policies.

    Weights, biases and what the learning rule keeps stay as they are. A neuron whose policy stays the same keeps its memory; any
    other is born anew, with the memory that it would have had at the start of the game.

    Args:
        state: Where the game stands.
        old: The game of each replica until now.
        new: The same games with other policies.

    Raises:
        NeuroNetError: The state is not one of the old games.
    """
    check_state(state, old)
    if len(old) == 1:
        return State(state.round, _reassigned(state, old[0], new[0]))
    replicas = [_reassigned(state.replica(place), a, b) for place, (a, b) in enumerate(zip(old, new, strict=True))]
    return State(state.round, {name: np.stack([arrays[name] for arrays in replicas]) for name in replicas[0]})


def _reassigned(state: State, old: Setup, new: Setup) -> dict[str, NDArray[Any]]:
    arrays = {name: array.copy() for name, array in state.arrays.items() if ".group" not in name}
    for layer in range(1, len(new.network.sizes)):
        for number, group in enumerate(new.groups(layer)):
            memory = _birth(new, layer, group)
            for old_number, old_group in enumerate(old.groups(layer)):
                if old_group.policy == group.policy:
                    _keep(memory, group, state, layer, old_number, old_group)
            arrays |= {memory_name(layer, number, name): array for name, array in memory.items()}
    return arrays


def _birth(setup: Setup, layer: int, group: Group) -> dict[str, NDArray[Any]]:
    """The memory that the members of a group are born with."""
    lengths = axis_lengths(setup.network.sizes, layer)
    dtype = np.dtype(setup.dtype)
    chance = LayerChance(setup.seed, layer, lengths)
    draws = Draws(
        lambda kind, name, axes: chance.draw(kind, name, axes).astype(dtype), {"J": np.asarray(group.members, dtype=np.int64)}
    )
    own = lengths | {"J": len(group.members)}
    memory = group.policy.start(Place(draws, lambda axes: np.zeros([own[letter] for letter in axes], dtype=dtype)))
    return {name: np.array(array) for name, array in memory.items()}


def _keep(memory: dict[str, NDArray[Any]], group: Group, state: State, layer: int, old_number: int, old_group: Group) -> None:
    """Give those who were in the old group already what they kept there; what it keeps in common goes on as long as one stays."""
    places = {member: place for place, member in enumerate(old_group.members)}
    here = [place for place, member in enumerate(group.members) if member in places]
    there = [places[group.members[place]] for place in here]
    for name, array in memory.items():
        kept = state.arrays[memory_name(layer, old_number, name)]
        if name in in_common(group.policy):
            array[...] = kept if here else array
        else:
            array[here] = kept[there]
