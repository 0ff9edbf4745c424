"""State of a layer's tensors: copied to numpy, and written back."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from neuronet.core import Array
from neuronet.engines.base.state import LayerState, SynapseArrays
from neuronet.engines.tensors.kernels.device import copy_to_numpy
from neuronet.engines.tensors.layer import Layer
from neuronet.engines.tensors.parameters import Parameters


def collect_state(layer: Layer, parameters: Parameters, groups: int) -> LayerState:
    """Return the state of a listening layer, as numpy copies.

    Args:
        layer: The layer.
        parameters: The engine's parameters.
        groups: Number of groups of the layer.
    """
    buffers = {
        name: SynapseArrays(*map(copy_to_numpy, parameters.views(flat, layer.number - 1))) for name, flat in parameters.buffers()
    }
    return LayerState.of(buffers, layer.memories(groups))


def restore_state(layer: Layer, parameters: Parameters, state: LayerState, as_tensor: Callable[[Array], Tensor]) -> None:
    """Write the state that `collect_state` returned into a listening layer.

    Args:
        layer: The layer.
        parameters: The engine's parameters.
        state: The state.
        as_tensor: Returns an array as a tensor of the engine.
    """
    for name, flat in parameters.buffers():
        weights, bias = parameters.views(flat, layer.number - 1)
        weights.copy_(as_tensor(state.buffers[name].weights))
        bias.copy_(as_tensor(state.buffers[name].bias))
    layer.restore_memories(state.memories)
