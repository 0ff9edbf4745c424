"""Fresh networks from options."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from neuronet.core import (
    MAX_MASK_ENTRIES,
    Bools,
    ConfigurationError,
    Floats,
    Ints,
    Network,
    Pattern,
    Purpose,
    SparseNetwork,
    Wiring,
    check_seed,
    first_values,
    generator,
    initial_weights,
    parse_activation,
    shown,
    with_layout,
)
from neuronet.registry.option_specs import parse_wiring


def build_network(
    sizes: Sequence[int],
    *more: object,
    connectivity: Wiring | str = "dense",
    activation: str = "relu",
    output_activation: str = "identity",
    init: str = "auto",
    seed: int = 0,
    layout: str = "auto",
) -> Network:
    """Return a network with random weights and connections.

    Connections of layers with more than 2**20 possible ones are drawn one by one, where the connectivity permits: then no matrix
    is made, and time and memory grow with the number of connections.

    Args:
        sizes: Neurons in each layer (>= 1), inputs first, outputs last, as one list.
        *more: Nothing: sizes that are not in a list are refused.
        connectivity: "dense", "sparse(0.1)", "small-world(neighbours=8, rewire=0.1)", "fixed-in-degree(8)", "scale-free",
            "spatial", "modular", "patches", or a Wiring.
        activation: Activation of the hidden layers.
        output_activation: Activation of the output layer.
        init: "he", "glorot", "lecun", "zeros", or "auto" for the usual initialisation of each layer's activation.
        seed: Random seed (>= 0); the same seed gives the same network.
        layout: "dense" for matrices with masks, "sparse" for a number for each connection, "auto" for the faster of them.

    Raises:
        ConfigurationError: A number is out of range.
        SpecError: A name is unknown, or a spec cannot be parsed.
    """
    if more or not isinstance(sizes, Sequence | np.ndarray) or isinstance(sizes, str | bytes):
        given = [sizes, *more] if more else sizes
        raise ConfigurationError(f"sizes must be one list, such as build_network([64, 64, 10]), got {shown(given)}")
    if len(sizes) < 2 or any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1 for n in sizes):
        raise ConfigurationError(f"sizes must be two or more integers of 1 or more, got {list(sizes)}")
    check_seed(seed)
    wiring = parse_wiring(connectivity) if isinstance(connectivity, str) else connectivity
    ends = np.cumsum([0, *sizes])
    nodes = [np.arange(first, end) for first, end in pairwise(ends)]
    biases = [np.zeros(int(size)) for size in sizes[1:]]
    activations = [*[activation] * (len(sizes) - 2), output_activation]
    layers = [_layer(wiring, nodes, number, name, init, seed) for number, name in enumerate(activations, start=1)]
    if any(isinstance(structure, Pattern) for _, structure in layers):
        patterns = tuple(_pattern(weights, structure) for weights, structure in layers)
        values = tuple(_values(weights, pattern) for (weights, _), pattern in zip(layers, patterns, strict=True))
        network: Network = SparseNetwork(values, patterns, tuple(biases), tuple(activations), tuple(nodes))
    else:
        masks = tuple(structure for _, structure in layers if not isinstance(structure, Pattern))
        network = Network(tuple(weights for weights, _ in layers), tuple(biases), masks, tuple(activations), tuple(nodes))
    return with_layout(network, layout)


def _layer(
    wiring: Wiring, nodes: Sequence[Ints], number: int, activation: str, init: str, seed: int
) -> tuple[Floats, Bools | Pattern | None]:
    """Return weights and mask of a layer; weights by connection and the pattern, where the layer is large and sparse."""
    shape, rng = (len(nodes[number]), len(nodes[number - 1])), generator(seed, Purpose.WIRING, number)
    default_init = parse_activation(activation).init
    pattern = wiring.pattern(*shape, rng) if shape[0] * shape[1] > MAX_MASK_ENTRIES else None
    if pattern is not None:
        return first_values(pattern, activation, init, seed, number), pattern
    mask = wiring.mask(*shape, rng)
    weights = initial_weights(mask, shape, default_init if init == "auto" else init, generator(seed, Purpose.WEIGHTS, number))
    return weights, mask


def _pattern(weights: Floats, structure: Bools | Pattern | None) -> Pattern:
    if isinstance(structure, Pattern):
        return structure
    return Pattern.of_mask(np.ones(weights.shape, dtype=np.bool_) if structure is None else structure)


def _values(weights: Floats, pattern: Pattern) -> Floats:
    return weights if weights.ndim == 1 else weights[pattern.rows, pattern.columns]
