"""What interventions have made of a game, as arrays for a checkpoint: nodes, connections, groups, the silent and the frozen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError
from neuronet.core.policy import Policy
from neuronet.core.structure.network import Network
from neuronet.core.structure.population import Group
from neuronet.engines.base import Setup, State
from neuronet.training.assembly import policy_repr

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Structure:
    """A game's structure.

    Attributes:
        arrays: By name, each with a leading axis R of replicas: `0.nodes` (R, I), `1.nodes`, `1.silent`, `1.frozen` and `1.group`
            (R, J), and, where not everybody hears everybody, `1.mask` (R, J, I) with `1.masked` (R,).
        metadata: Activations, the policy of each group as a text, and the newest node that there has been, as JSON.
    """

    arrays: Arrays
    metadata: str

    @classmethod
    def from_setups(cls, setups: Sequence[Setup]) -> Structure:
        """The structure of a game, one setup for each replica."""
        arrays: dict[str, NDArray[Any]] = {}
        first = setups[0].network
        for layer in range(len(first.sizes)):
            arrays[f"{layer}.nodes"] = np.stack([each.network.nodes[layer] for each in setups])
            arrays[f"{layer}.silent"] = np.stack([each.is_silent(layer) for each in setups])
            arrays[f"{layer}.frozen"] = np.stack([np.isin(each.network.nodes[layer], list(each.frozen)) for each in setups])
            if layer:
                arrays |= _mask_arrays(setups, layer) | {
                    f"{layer}.group": np.stack([_group_numbers(each, layer) for each in setups])
                }
        layers = range(1, len(first.sizes))
        policies = [[[policy_repr(g.policy) for g in each.groups(layer)] for each in setups] for layer in layers]
        max_node = [each.max_node for each in setups]
        return cls(arrays, json.dumps({"activations": first.activations, "policies": policies, "max_node": max_node}))

    def setups(self, initial: Sequence[Setup], state: State, policies: Sequence[Policy]) -> list[Setup]:
        """The game as it stood.

        Args:
            initial: The game of each replica as it began.
            state: Where it stood.
            policies: All that may be followed.

        Raises:
            NeuroNetError: The structure is broken, or of another game.
        """
        known = {policy_repr(policy): policy for policy in policies}
        try:
            metadata = json.loads(self.metadata)
            return [
                self._setup(setup, state if len(initial) == 1 else state.replica(replica), replica, metadata, known)
                for replica, setup in enumerate(initial)
            ]
        except NeuroNetError as error:
            raise NeuroNetError(f"cannot resume the run: what interventions made of its network is broken ({error})") from None
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise NeuroNetError(f"cannot resume the run: what interventions made of its network is missing ({error})") from None

    def _setup(self, initial: Setup, state: State, replica: int, metadata: Any, known: Mapping[str, Policy]) -> Setup:
        arrays, activations = self.arrays, tuple(metadata["activations"])
        layers = range(1, len(activations) + 1)
        masked = {layer: f"{layer}.masked" in arrays and bool(arrays[f"{layer}.masked"][replica]) for layer in layers}
        network = Network(
            weights=tuple(state.arrays[f"{layer}.weights"].astype(np.float64) for layer in layers),
            biases=tuple(state.arrays[f"{layer}.bias"].astype(np.float64) for layer in layers),
            masks=tuple(arrays[f"{layer}.mask"][replica] if masked[layer] else None for layer in layers),
            activations=activations,
            nodes=tuple(arrays[f"{layer}.nodes"][replica] for layer in (0, *layers)),
        )
        policies = []
        for layer, texts in zip(layers, metadata["policies"], strict=True):
            numbers = arrays[f"{layer}.group"][replica]
            followed = [known[text] for text in texts[replica]]
            policies.append([Group(each, tuple(np.flatnonzero(numbers == n).tolist())) for n, each in enumerate(followed)])
        silent, frozen = (self._nodes(kind, replica, range(len(activations) + 1)) for kind in ("silent", "frozen"))
        max_node = int(metadata["max_node"][replica])
        return replace(initial, network=network, policies=policies, silent=silent, frozen=frozen, max_node=max_node)

    def _nodes(self, kind: str, replica: int, layers: Sequence[int]) -> frozenset[int]:
        parts = [(self.arrays[f"{layer}.nodes"][replica], self.arrays[f"{layer}.{kind}"][replica]) for layer in layers]
        return frozenset(int(node) for nodes, mask in parts for node in nodes[mask])


def _mask_arrays(setups: Sequence[Setup], layer: int) -> dict[str, NDArray[Any]]:
    masks = [each.network.masks[layer - 1] for each in setups]
    shape = setups[0].network.weights[layer - 1].shape
    if all(mask is None for mask in masks):
        return {}
    whole = [np.ones(shape, dtype=np.bool_) if mask is None else mask for mask in masks]
    return {f"{layer}.mask": np.stack(whole), f"{layer}.masked": np.asarray([mask is not None for mask in masks])}


def _group_numbers(setup: Setup, layer: int) -> NDArray[np.int64]:
    """The number of each neuron's group, (J,)."""
    numbers = np.zeros(setup.network.sizes[layer], dtype=np.int64)
    for number, group in enumerate(setup.groups(layer)):
        numbers[list(group.members)] = number
    return numbers
