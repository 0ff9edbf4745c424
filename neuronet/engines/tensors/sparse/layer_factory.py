"""Layers of an engine, and their passes: dense or sparse, as the network is."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from neuronet.engines.base.setup import Setup
from neuronet.engines.tensors.kernels.tensor_space import TensorSpace
from neuronet.engines.tensors.layer import Layer
from neuronet.engines.tensors.layer_round import LayerRound, OutputLayerRound
from neuronet.engines.tensors.sparse.layer import SparseLayer
from neuronet.engines.tensors.sparse.layer_round import make_sparse_round


def make_layer(
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
