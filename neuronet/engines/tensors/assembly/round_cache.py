"""Passes of all layers for the batch sizes that were played last, with their buffers."""

from __future__ import annotations

from collections.abc import Sequence

from neuronet.engines.tensors.assembly.layer_factory import make_layer_round
from neuronet.engines.tensors.fused_round import FusedRound
from neuronet.engines.tensors.kernels.loss import LossFunction, SoftmaxCrossEntropy
from neuronet.engines.tensors.layer import Layer
from neuronet.engines.tensors.layer_round import LayerRound
from neuronet.engines.tensors.parameters import Parameters, VelocityParameters

MAX_CACHED_SIZES = 6
"""Number of batch sizes whose buffers are kept."""


class RoundCache:
    """Passes of all layers by batch size; those of the size that was made first are dropped when there are too many.

    Args:
        layers: The listening layers.
        loss_function: Loss and feedback of the outputs.
        parameters: The engine's parameters.
    """

    def __init__(self, layers: Sequence[Layer], loss_function: LossFunction, parameters: Parameters) -> None:
        self._layers, self._loss_function, self._parameters = layers, loss_function, parameters
        self._layer_rounds: dict[int, list[LayerRound]] = {}
        self._fused_rounds: dict[int, FusedRound] = {}

    def layer_rounds(self, batch: int) -> list[LayerRound]:
        """Return the passes of each layer for a batch size."""
        if batch not in self._layer_rounds:
            while len(self._layer_rounds) >= MAX_CACHED_SIZES:
                oldest = next(iter(self._layer_rounds))
                del self._layer_rounds[oldest]
                self._fused_rounds.pop(oldest, None)
            self._layer_rounds[batch] = [make_layer_round(layer, batch) for layer in self._layers]
        return self._layer_rounds[batch]

    def fused_round(self, batch: int) -> FusedRound:
        """Return the fused round for a batch size."""
        if batch not in self._fused_rounds:
            loss_function, parameters = self._loss_function, self._parameters
            assert isinstance(loss_function, SoftmaxCrossEntropy)
            assert isinstance(parameters, VelocityParameters)
            self._fused_rounds[batch] = FusedRound(self.layer_rounds(batch), loss_function, parameters)
        return self._fused_rounds[batch]
