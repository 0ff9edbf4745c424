"""Networks with other connections, neurons or layers than they had; pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neuronet.core.activation import parse_activation
from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.network import Bools, Floats, Ints, Network, initial_weights

Pairs = Sequence[tuple[int, int]]
"""Listeners and their speakers, as places within their layers."""


def mask_of(network: Network, layer: int) -> Bools:
    """Who listens to whom in a layer, (J, I)."""
    mask = network.masks[layer - 1]
    return np.ones(network.weights[layer - 1].shape, dtype=np.bool_) if mask is None else mask


def with_connections(network: Network, layer: int, mask: Bools, weights: Floats) -> Network:
    """The network with other connections between a layer and its speakers; weights count where the mask is True.

    Raises:
        NeuroNetError: An output could no longer be reached from any input.
    """
    changed = replace(
        network,
        weights=_replaced(network.weights, layer - 1, weights * mask),
        masks=_replaced(network.masks, layer - 1, None if mask.all() else mask),
    )
    _check_reachable(changed)
    return changed


def _replaced(parts: tuple, place: int, *others: object) -> tuple:  # type: ignore[type-arg]
    return (*parts[:place], *others, *parts[place + 1 :])


def with_rewired_connections(
    network: Network, layer: int, listeners: NDArray[np.int64], fraction: float, weakest: bool, rng: np.random.Generator
) -> Network:
    """The network in which listeners leave a part of their speakers for as many others, to whom they pay nothing yet.

    Args:
        network: As it is.
        layer: The listeners' layer.
        listeners: Their places within it.
        fraction: Of each one's connections, above 0 to 1; no more than there are others.
        weakest: Whether those with the least attention go, not any.
        rng: Who goes, and who comes.

    Raises:
        NeuroNetError: There is nobody else to listen to.
    """
    mask, weights = mask_of(network, layer).copy(), network.weights[layer - 1].copy()
    moved = 0
    for listener in listeners.tolist():
        heard, others = np.flatnonzero(mask[listener]), np.flatnonzero(~mask[listener])
        count = min(round(fraction * heard.size), others.size)
        order = np.argsort(np.abs(weights[listener, heard]), kind="stable") if weakest else rng.permutation(heard.size)
        gone, found = heard[order[:count]], rng.choice(others, count, replace=False)
        mask[listener, gone], mask[listener, found] = False, True
        weights[listener, gone] = weights[listener, found] = 0
        moved += count
    if not moved:
        raise NeuroNetError(f"no connection of layer {layer} would move: its neurons hear everybody, or too few for such a part")
    return with_connections(network, layer, mask, weights)


def with_pairs(network: Network, layer: int, pairs: Pairs, *, there: bool) -> Network:
    """The network in which these listeners listen to these speakers, with no attention yet, or no longer do.

    Raises:
        NeuroNetError: There is no such place, or they do already.
    """
    mask = mask_of(network, layer).copy()
    for listener, speaker in pairs:
        if not (0 <= listener < mask.shape[0] and 0 <= speaker < mask.shape[1]):
            raise NeuroNetError(
                f"layer {layer} has listeners 0 to {mask.shape[0] - 1} and speakers 0 to {mask.shape[1] - 1}, "
                f"but no pair ({listener}, {speaker})"
            )
        if mask[listener, speaker] == there:
            how = "already listens" if there else "does not listen"
            raise NeuroNetError(f"neuron {listener} of layer {layer} {how} to neuron {speaker} of the layer before")
        mask[listener, speaker] = there
    return with_connections(network, layer, mask, network.weights[layer - 1])


def with_neurons(network: Network, layer: int, added_nodes: Ints, rng: np.random.Generator) -> Network:
    """The network with more neurons, by their nodes, at the end of a hidden layer, whom nobody pays any attention yet.

    What they pay is drawn as for a fresh network. Where not everybody hears everybody, each of their connections is there with
    the probability that it has among the others, and each of them has a speaker and a listener.
    """
    count = len(added_nodes)
    mask_here, weights = mask_of(network, layer), network.weights[layer - 1]
    mask_above = mask_of(network, layer + 1)
    speakers = _random_connections(network.masks[layer - 1], (count, mask_here.shape[1]), rng)
    listeners = _random_connections(network.masks[layer], (count, mask_above.shape[0]), rng).T
    mask_here, mask_above = np.vstack((mask_here, speakers)), np.hstack((mask_above, listeners))
    usual = parse_activation(network.activations[layer - 1]).init
    fresh = initial_weights(mask_here, mask_here.shape, usual, rng)
    silence = np.zeros((mask_above.shape[0], count))
    return replace(
        network,
        weights=_replaced(
            _replaced(network.weights, layer - 1, np.vstack((weights, fresh[-count:]))),
            layer,
            np.hstack((network.weights[layer], silence)),
        ),
        biases=_replaced(network.biases, layer - 1, np.append(network.biases[layer - 1], np.zeros(count))),
        masks=_replaced(_replaced(network.masks, layer - 1, _mask_or_none(mask_here)), layer, _mask_or_none(mask_above)),
        nodes=_replaced(network.nodes, layer, np.append(network.nodes[layer], added_nodes)),
    )


def _random_connections(mask: Bools | None, shape: tuple[int, int], rng: np.random.Generator) -> Bools:
    """Connections of new neurons, (neurons, neighbours), as dense as those that are there."""
    if mask is None:
        return np.ones(shape, dtype=np.bool_)
    found: Bools = rng.random(shape) < mask.mean()
    for alone in np.flatnonzero(~found.any(axis=1)):
        found[alone, rng.integers(shape[1])] = True
    return found


def _mask_or_none(mask: Bools) -> Bools | None:
    return None if mask.all() else mask


def without_neurons(network: Network, layer: int, gone: NDArray[np.int64]) -> Network:
    """The network without some neurons of a hidden layer, and without their connections.

    Raises:
        NeuroNetError: Nobody would be left, or an output could no longer be reached from any input.
    """
    if gone.size >= network.sizes[layer]:
        raise NeuroNetError(f"nobody would be left in layer {layer}: remove the layer instead")
    here, above = (np.delete(mask_of(network, layer), gone, axis=0), np.delete(mask_of(network, layer + 1), gone, axis=1))
    weights = np.delete(network.weights[layer - 1], gone, axis=0), np.delete(network.weights[layer], gone, axis=1)
    changed = replace(
        network,
        weights=_replaced(_replaced(network.weights, layer - 1, weights[0]), layer, weights[1]),
        biases=_replaced(network.biases, layer - 1, np.delete(network.biases[layer - 1], gone)),
        masks=_replaced(_replaced(network.masks, layer - 1, _mask_or_none(here)), layer, _mask_or_none(above)),
        nodes=_replaced(network.nodes, layer, np.delete(network.nodes[layer], gone)),
    )
    _check_reachable(changed)
    return changed


def with_layer(network: Network, after: int, activation: str, added_nodes: Ints) -> Network:
    """The network with a new layer after another one, as wide as that, each neuron repeating one speaker: attention 1, bias 0."""
    width = len(added_nodes)
    return replace(
        network,
        weights=(*network.weights[:after], np.eye(width), *network.weights[after:]),
        biases=(*network.biases[:after], np.zeros(width), *network.biases[after:]),
        masks=(*network.masks[:after], None, *network.masks[after:]),
        activations=(*network.activations[:after], activation, *network.activations[after:]),
        nodes=(*network.nodes[: after + 1], added_nodes, *network.nodes[after + 1 :]),
    )


def without_layer(network: Network, layer: int) -> Network:
    """The network without a hidden layer, whose listeners listen to its speakers: the attention is the product of the two."""
    above, here = network.weights[layer], network.weights[layer - 1]
    reached = (mask_of(network, layer + 1).astype(np.float64) @ mask_of(network, layer)) > 0
    place = layer - 1

    def joined(parts: tuple, other: object) -> tuple:  # type: ignore[type-arg]
        return (*parts[:place], other, *parts[place + 2 :])

    changed = replace(
        network,
        weights=joined(network.weights, above @ here),
        biases=joined(network.biases, above @ network.biases[place] + network.biases[layer]),
        masks=joined(network.masks, _mask_or_none(reached)),
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
        raise NeuroNetError(f"output {node} could no longer be reached from any input: leave it a way")
