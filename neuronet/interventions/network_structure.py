"""Structure of a network that interventions have changed, as arrays for a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Group, Network, NeuroNetError, Pattern, Policy, SparseNetwork, StateError, parse_json, pattern_of
from neuronet.engines.base import Setup, State

Arrays = Mapping[str, NDArray[Any]]


def policy_repr(policy: Policy) -> str:
    """Return a text that tells the policy from others: its repr, or the name of a class that is not a dataclass."""
    return repr(policy) if is_dataclass(policy) else type(policy).__qualname__


@dataclass(frozen=True, eq=False)
class Structure:
    """Nodes, connections, groups, silent and frozen neurons of a network with R replicas.

    Attributes:
        arrays: By name, each with a leading axis R: `0.nodes` (R, I), `1.nodes`, `1.silent`, `1.frozen` and `1.group` (R, J);
            for a layer that is not fully connected, `1.mask` (R, J, I) and `1.masked` (R,). Of a sparse network, `1.starts`
            (1, J + 1) and `1.columns` (1, E) instead, the arrays of the layer's pattern.
        metadata: Activations, the policy of each group as a text, and the largest node number so far, as JSON.
    """

    arrays: Arrays
    metadata: str

    @classmethod
    def from_setups(cls, setups: Sequence[Setup]) -> Structure:
        """Return the structure of a network.

        Args:
            setups: One for each replica.
        """
        arrays: dict[str, NDArray[Any]] = {}
        first = setups[0].network
        for layer in range(len(first.sizes)):
            nodes = [setup.network.nodes[layer] for setup in setups]
            arrays[f"{layer}.nodes"] = np.stack(nodes)
            arrays[f"{layer}.silent"] = np.stack([setup.is_silent(layer) for setup in setups])
            arrays[f"{layer}.frozen"] = np.stack(
                [np.isin(part, list(setup.frozen)) for part, setup in zip(nodes, setups, strict=True)]
            )
            if layer:
                arrays |= _pattern_arrays(setups, layer) if first.is_sparse else _mask_arrays(setups, layer)
                arrays[f"{layer}.group"] = np.stack([_group_numbers(setup, layer) for setup in setups])
        layers = range(1, len(first.sizes))
        policies = [[[policy_repr(group.policy) for group in setup.groups(layer)] for setup in setups] for layer in layers]
        max_node = [setup.max_node for setup in setups]
        return cls(arrays, json.dumps({"activations": first.activations, "policies": policies, "max_node": max_node}))

    def setups(self, initial: Sequence[Setup], state: State, policies: Sequence[Policy]) -> list[Setup]:
        """Return the setup of each replica at the checkpoint.

        Args:
            initial: Setup of each replica at the start of the run.
            state: State at the checkpoint.
            policies: All policies that neurons may follow.

        Raises:
            StateError: The structure is broken, or does not fit the run.
        """
        known = {policy_repr(policy): policy for policy in policies}
        try:
            metadata = parse_json(self.metadata)
            return [
                self._setup(setup, state if len(initial) == 1 else state.replica(replica), replica, metadata, known)
                for replica, setup in enumerate(initial)
            ]
        except NeuroNetError as error:
            raise StateError(f"cannot resume the run: the network structure of its checkpoint is broken ({error})") from None
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise StateError(f"cannot resume the run: the network structure of its checkpoint is missing ({error})") from None

    def _setup(self, initial: Setup, state: State, replica: int, metadata: Any, known: Mapping[str, Policy]) -> Setup:
        arrays, activations = self.arrays, tuple(metadata["activations"])
        layers = range(1, len(activations) + 1)
        weights, biases = (tuple(getattr(part, name).astype(np.float64) for part in state.layers) for name in ("weights", "bias"))
        nodes = tuple(arrays[f"{layer}.nodes"][replica] for layer in (0, *layers))
        if initial.network.is_sparse:
            parts = [(arrays[f"{layer}.starts"][replica], arrays[f"{layer}.columns"][replica]) for layer in layers]
            patterns = (Pattern(len(speakers), *part) for speakers, part in zip(nodes[:-1], parts, strict=True))
            network: Network = SparseNetwork(weights, tuple(patterns), biases, activations, nodes)
        else:
            masked = {layer: f"{layer}.masked" in arrays and bool(arrays[f"{layer}.masked"][replica]) for layer in layers}
            masks = tuple(arrays[f"{layer}.mask"][replica] if masked[layer] else None for layer in layers)
            network = Network(weights, biases, masks, activations, nodes)
        policies = []
        for layer, texts in zip(layers, metadata["policies"], strict=True):
            numbers = arrays[f"{layer}.group"][replica]
            groups = enumerate(known[text] for text in texts[replica])
            policies.append(tuple(Group(policy, tuple(np.flatnonzero(numbers == number).tolist())) for number, policy in groups))
        silent, frozen = (self._nodes(kind, replica, range(len(activations) + 1)) for kind in ("silent", "frozen"))
        max_node = int(metadata["max_node"][replica])
        return replace(initial, network=network, policies=tuple(policies), silent=silent, frozen=frozen, max_node=max_node)

    def _nodes(self, kind: str, replica: int, layers: Sequence[int]) -> frozenset[int]:
        parts = [(self.arrays[f"{layer}.nodes"][replica], self.arrays[f"{layer}.{kind}"][replica]) for layer in layers]
        return frozenset(int(node) for nodes, mask in parts for node in nodes[mask])


def _pattern_arrays(setups: Sequence[Setup], layer: int) -> dict[str, NDArray[Any]]:
    patterns = [pattern_of(setup.network, layer) for setup in setups]
    return {f"{layer}.{name}": np.stack([getattr(own, name) for own in patterns]) for name in ("starts", "columns")}


def _mask_arrays(setups: Sequence[Setup], layer: int) -> dict[str, NDArray[Any]]:
    masks = [setup.network.masks[layer - 1] for setup in setups]
    shape = setups[0].network.weights[layer - 1].shape
    if all(mask is None for mask in masks):
        return {}
    dense = [np.ones(shape, dtype=np.bool_) if mask is None else mask for mask in masks]
    return {f"{layer}.mask": np.stack(dense), f"{layer}.masked": np.asarray([mask is not None for mask in masks])}


def _group_numbers(setup: Setup, layer: int) -> NDArray[np.int64]:
    """Return the number of each neuron's group, (J,)."""
    numbers = np.zeros(setup.network.sizes[layer], dtype=np.int64)
    for number, group in enumerate(setup.groups(layer)):
        numbers[list(group.members)] = number
    return numbers
