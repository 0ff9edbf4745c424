"""Edits of a network as pure functions: other connections, neurons or layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Bools, ConfigurationError, Floats, Ints, Network, initial_weights, parse_activation
from neuronet.interventions.ranking import extreme_indices

Part = TypeVar("Part")

Pairs = Sequence[tuple[int, int]]
"""Listeners and their speakers, as indices within their layers."""


def mask_of(network: Network, layer: int) -> Bools:
    """Return which neurons of a layer are connected to which speakers, (J, I)."""
    mask = network.masks[layer - 1]
    return np.ones(network.weights[layer - 1].shape, dtype=np.bool_) if mask is None else mask


def _mask_or_none(mask: Bools) -> Bools | None:
    return None if mask.all() else mask


def _replaced(parts: tuple[Part, ...], first: int, *others: Part) -> tuple[Part, ...]:
    """Return the tuple with others in place of as many parts from an index on."""
    return (*parts[:first], *others, *parts[first + len(others) :])


def with_connections(network: Network, layer: int, mask: Bools, weights: Floats) -> Network:
    """Return the network with other connections between a layer and its speakers; weights count where the mask is True.

    Raises:
        ConfigurationError: An output would be disconnected from all inputs.
    """
    changed = replace(
        network,
        weights=_replaced(network.weights, layer - 1, weights * mask),
        masks=_replaced(network.masks, layer - 1, _mask_or_none(mask)),
    )
    _check_reachable(changed)
    return changed


def with_rewired_connections(
    network: Network,
    layer: int,
    listeners: NDArray[np.int64],
    fraction: float,
    weakest: bool,
    rng: np.random.Generator,
    dtype: str = "float64",
) -> Network:
    """Return the network in which listeners exchange connections for as many new ones with weights of 0.

    Args:
        network: Network before the change.
        layer: Layer of the listeners.
        listeners: Their indices.
        fraction: Fraction of each listener's connections (0 < fraction <= 1), at most as many as there are other speakers.
        weakest: Whether those with the smallest weights are removed, not random ones.
        rng: Selects the connections.
        dtype: Precision in which the weights were computed, "float64" or "float32".

    Raises:
        ConfigurationError: There is no other speaker to connect to.
    """
    mask, weights = mask_of(network, layer).copy(), network.weights[layer - 1].copy()
    moved = 0
    for listener in listeners.tolist():
        connected, others = np.flatnonzero(mask[listener]), np.flatnonzero(~mask[listener])
        count = min(round(fraction * connected.size), others.size)
        if weakest:
            leaving = extreme_indices(np.abs(weights[listener, connected]), count, largest=False, dtype=dtype)
        else:
            leaving = rng.permutation(connected.size)[:count]
        removed, added = connected[leaving], rng.choice(others, count, replace=False)
        mask[listener, removed], mask[listener, added] = False, True
        weights[listener, removed] = weights[listener, added] = 0
        moved += count
    if not moved:
        raise ConfigurationError(
            f"no connection of layer {layer} would move: it is fully connected, or the fraction is less than one connection"
        )
    return with_connections(network, layer, mask, weights)


def with_pairs(network: Network, layer: int, pairs: Pairs, *, connected: bool) -> Network:
    """Return the network in which these pairs are connected, with weight 0, or disconnected.

    Raises:
        ConfigurationError: A pair does not exist, or is so already.
    """
    mask = mask_of(network, layer).copy()
    for listener, speaker in pairs:
        if not (0 <= listener < mask.shape[0] and 0 <= speaker < mask.shape[1]):
            raise ConfigurationError(
                f"layer {layer} has listeners 0 to {mask.shape[0] - 1} and speakers 0 to {mask.shape[1] - 1}, "
                f"but no pair ({listener}, {speaker})"
            )
        if mask[listener, speaker] == connected:
            how = "already listens" if connected else "does not listen"
            raise ConfigurationError(f"neuron {listener} of layer {layer} {how} to neuron {speaker} of the layer before")
        mask[listener, speaker] = connected
    return with_connections(network, layer, mask, network.weights[layer - 1])


def with_neurons(network: Network, layer: int, added: Ints, rng: np.random.Generator) -> Network:
    """Return the network with more neurons at the end of a hidden layer, with outgoing weights of 0.

    Incoming weights are drawn as for a fresh network. In a layer that is not fully connected, new connections have the density
    of the others, and each new neuron has at least one speaker and one listener.

    Args:
        network: Network before the change.
        layer: Number of the layer.
        added: Nodes of the new neurons.
        rng: Draws weights and connections.
    """
    count = len(added)
    mask_here, mask_above = mask_of(network, layer), mask_of(network, layer + 1)
    speakers = _random_connections(network.masks[layer - 1], (count, mask_here.shape[1]), rng)
    listeners = _random_connections(network.masks[layer], (count, mask_above.shape[0]), rng).T
    mask_here, mask_above = np.vstack((mask_here, speakers)), np.hstack((mask_above, listeners))
    init = parse_activation(network.activations[layer - 1]).init
    incoming = initial_weights(mask_here, mask_here.shape, init, rng)[-count:]
    outgoing = np.zeros((mask_above.shape[0], count))
    weights = np.vstack((network.weights[layer - 1], incoming)), np.hstack((network.weights[layer], outgoing))
    return replace(
        network,
        weights=_replaced(network.weights, layer - 1, *weights),
        biases=_replaced(network.biases, layer - 1, np.append(network.biases[layer - 1], np.zeros(count))),
        masks=_replaced(network.masks, layer - 1, _mask_or_none(mask_here), _mask_or_none(mask_above)),
        nodes=_replaced(network.nodes, layer, np.append(network.nodes[layer], added)),
    )


def _random_connections(mask: Bools | None, shape: tuple[int, int], rng: np.random.Generator) -> Bools:
    """Return random connections of new neurons, (neurons, neighbours), with the density of the mask."""
    if mask is None:
        return np.ones(shape, dtype=np.bool_)
    connections: Bools = rng.random(shape) < mask.mean()
    for row in np.flatnonzero(~connections.any(axis=1)):
        connections[row, rng.integers(shape[1])] = True
    return connections


def without_neurons(network: Network, layer: int, removed: NDArray[np.int64]) -> Network:
    """Return the network without some neurons of a hidden layer, and without their connections.

    Raises:
        ConfigurationError: No neuron would be left, or an output would be disconnected from all inputs.
    """
    if removed.size >= network.sizes[layer]:
        raise ConfigurationError(f"no neuron would be left in layer {layer}: remove the layer instead")
    masks = np.delete(mask_of(network, layer), removed, axis=0), np.delete(mask_of(network, layer + 1), removed, axis=1)
    weights = (
        np.delete(network.weights[layer - 1], removed, axis=0),
        np.delete(network.weights[layer], removed, axis=1),
    )
    changed = replace(
        network,
        weights=_replaced(network.weights, layer - 1, *weights),
        biases=_replaced(network.biases, layer - 1, np.delete(network.biases[layer - 1], removed)),
        masks=_replaced(network.masks, layer - 1, *map(_mask_or_none, masks)),
        nodes=_replaced(network.nodes, layer, np.delete(network.nodes[layer], removed)),
    )
    _check_reachable(changed)
    return changed


def with_layer(network: Network, after: int, activation: str, added: Ints) -> Network:
    """Return the network with a new layer of the same width after another: identity weights, biases of 0."""
    width = len(added)
    return replace(
        network,
        weights=(*network.weights[:after], np.eye(width), *network.weights[after:]),
        biases=(*network.biases[:after], np.zeros(width), *network.biases[after:]),
        masks=(*network.masks[:after], None, *network.masks[after:]),
        activations=(*network.activations[:after], activation, *network.activations[after:]),
        nodes=(*network.nodes[: after + 1], added, *network.nodes[after + 1 :]),
    )


def without_layer(network: Network, layer: int) -> Network:
    """Return the network without a hidden layer, with the product of the weights on both sides of it."""
    above, here = network.weights[layer], network.weights[layer - 1]
    connected = (mask_of(network, layer + 1).astype(np.float64) @ mask_of(network, layer)) > 0
    index = layer - 1

    def joined(parts: tuple[Part, ...], part: Part) -> tuple[Part, ...]:
        return (*parts[:index], part, *parts[index + 2 :])

    changed = replace(
        network,
        weights=joined(network.weights, above @ here),
        biases=joined(network.biases, above @ network.biases[index] + network.biases[layer]),
        masks=joined(network.masks, _mask_or_none(connected)),
        activations=joined(network.activations, network.activations[layer]),
        nodes=(*network.nodes[:layer], *network.nodes[layer + 1 :]),
    )
    _check_reachable(changed)
    return changed


def _check_reachable(network: Network) -> None:
    reached: Bools = np.ones(network.sizes[0], dtype=np.bool_)
    for layer in range(1, len(network.sizes)):
        reached = np.asarray((mask_of(network, layer) & reached).any(axis=1))
    if not reached.all():
        node = int(network.nodes[-1][~reached][0])
        raise ConfigurationError(f"removing these connections would disconnect output {node} from all inputs")
