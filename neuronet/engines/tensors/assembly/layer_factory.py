"""Layers of an engine, and their passes: dense or sparse, as the network is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor

from neuronet.core import Network, SparseNetwork
from neuronet.engines.base.setup import Setup
from neuronet.engines.tensors.kernels.device import as_tensor
from neuronet.engines.tensors.kernels.tensor_space import TensorSpace
from neuronet.engines.tensors.layer import Layer
from neuronet.engines.tensors.layer_round import LayerRound, OutputLayerRound
from neuronet.engines.tensors.parameters import Parameters, SparseSynapses, Synapses
from neuronet.engines.tensors.sparse.layer import SparseLayer
from neuronet.engines.tensors.sparse.layer_round import make_sparse_round


def synapses_of(network: Network, like: Tensor) -> list[Synapses]:
    """Return the form of each layer's synapses; that of sparse layers is on the device of `like`."""
    if not isinstance(network, SparseNetwork):
        return [Synapses(neurons, speakers) for speakers, neurons in pairwise(network.sizes)]
    rows = (as_tensor(pattern.rows).to(like.device) for pattern in network.patterns)
    return [SparseSynapses(*pattern.shape, own) for pattern, own in zip(network.patterns, rows, strict=True)]


def make_layers(
    setups: Sequence[Setup], parameters: Parameters, like: Tensor, products: str, *, write_velocities: bool
) -> list[Layer]:
    """Return the listening layers with the weights and biases of their networks.

    Args:
        setups: The game of each replica.
        parameters: The parameters, which are written.
        like: A tensor in the engine's precision, on its device.
        products: Library for large products, one of `kernels.matmul.PRODUCTS`.
        write_velocities: Whether responses are written into the velocities as they are computed.
    """
    layers: list[Layer] = []
    for index in reversed(range(len(setups[0].network.activations))):
        views = parameters.views(parameters.flat, index)
        velocities = parameters.views(parameters.velocity, index) if write_velocities else None
        above = layers[0] if layers else None
        layer = _make_layer(setups, index + 1, like, products, views, velocities, parameters.decay, above)
        layer.weights.copy_(layer.space.tensor([_weights(setup.network, index) for setup in setups]))
        layer.bias.copy_(layer.space.tensor([setup.network.biases[index] for setup in setups]))
        layers.insert(0, layer)
    return layers


def _weights(network: Network, index: int) -> Any:
    """Return the weights of a layer: a matrix (J, I), or (E,) in a sparse network."""
    return network.values[index] if isinstance(network, SparseNetwork) else network.weights[index]


def _make_layer(
    setups: Sequence[Setup],
    number: int,
    like: Tensor,
    products: str,
    parameters: tuple[Tensor, Tensor],
    velocities: tuple[Tensor, Tensor] | None,
    decay: float,
    above: Layer | None,
) -> Layer:
    """Return a listening layer.

    Args:
        setups: The game of each replica.
        number: Listening layer, 1 for the first.
        like: A tensor in the engine's precision, on its device.
        products: Library for large products, one of `kernels.matmul.PRODUCTS`.
        parameters: Weights and biases, views of the engine's parameters.
        velocities: Likewise, of the engine's velocities; None if the response must have a buffer of its own.
        decay: Factor by which the velocities decay in each round.
        above: The layer of its listeners; None for the output layer.
    """
    if not setups[0].network.is_sparse:
        return Layer(setups, number, TensorSpace(setups, number, like, products), parameters, velocities, decay, above)
    assert above is None or isinstance(above, SparseLayer)
    return SparseLayer(setups[0], number, like, parameters, velocities, decay, above)


def make_layer_round(layer: Layer, batch: int) -> LayerRound:
    """Return the passes of a layer for a batch size."""
    if isinstance(layer, SparseLayer):
        return make_sparse_round(layer, batch)
    return (OutputLayerRound if layer.above is None else LayerRound)(layer, batch)
