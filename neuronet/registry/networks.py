"""Fresh networks from options."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from neuronet.core import ConfigurationError, Network, Purpose, Wiring, check_seed, generator, initial_weights, parse_activation
from neuronet.registry.option_specs import parse_wiring


def build_network(
    sizes: Sequence[int],
    *,
    connectivity: Wiring | str = "dense",
    activation: str = "relu",
    output_activation: str = "identity",
    init: str = "auto",
    seed: int = 0,
) -> Network:
    """Return a network with random weights and connections.

    Args:
        sizes: Neurons in each layer (>= 1), inputs first, outputs last.
        connectivity: "dense", "sparse(0.1)", "small-world(neighbours=8, rewire=0.1)", or a Wiring.
        activation: Activation of the hidden layers.
        output_activation: Activation of the output layer.
        init: "he", "glorot", "lecun", "zeros", or "auto" for the usual initialisation of each layer's activation.
        seed: Random seed (>= 0); the same seed gives the same network.

    Raises:
        ConfigurationError: A number is out of range.
        SpecError: A name is unknown, or a spec cannot be parsed.
    """
    if len(sizes) < 2 or any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1 for n in sizes):
        raise ConfigurationError(f"sizes must be two or more integers of 1 or more, got {list(sizes)}")
    check_seed(seed)
    wiring = parse_wiring(connectivity) if isinstance(connectivity, str) else connectivity
    weights, masks, activations = [], [], []
    for layer in range(1, len(sizes)):
        shape = (int(sizes[layer]), int(sizes[layer - 1]))
        name = output_activation if layer == len(sizes) - 1 else activation
        default_init = parse_activation(name).init
        mask = wiring.mask(*shape, generator(seed, Purpose.WIRING, layer))
        rng = generator(seed, Purpose.WEIGHTS, layer)
        weights.append(initial_weights(mask, shape, default_init if init == "auto" else init, rng))
        masks.append(mask)
        activations.append(name)
    ends = np.cumsum([0, *sizes])
    return Network(
        weights=tuple(weights),
        biases=tuple(np.zeros(int(size)) for size in sizes[1:]),
        masks=tuple(masks),
        activations=tuple(activations),
        nodes=tuple(np.arange(first, end) for first, end in pairwise(ends)),
    )
