"""The space of a sparse layer's tensors: random numbers by connection instead of by pair."""

from __future__ import annotations

from torch import Tensor

from neuronet.core import Pattern
from neuronet.engines.base.setup import Setup
from neuronet.engines.base.sparse_memory import draw_by_connection
from neuronet.engines.tensors.kernels.tensor_space import TensorSpace


class SparseSpace(TensorSpace):
    """Space of a sparse layer, whose draws for pairs of neurons are those of `draw_by_connection`.

    Args:
        setup: The game.
        number: Listening layer, 1 for the first.
        like: A tensor in the engine's precision, on its device.
        speakers: Connections to the layer below.
        listeners: Connections to the layer above; None for the output layer.
    """

    def __init__(self, setup: Setup, number: int, like: Tensor, speakers: Pattern, listeners: Pattern | None) -> None:
        super().__init__([setup], number, like)
        self._speakers, self._listeners = speakers, listeners

    def draw_initial(self, kind: str, name: str, axes: str) -> Tensor:
        """Return random numbers for initial memories; those for pairs of neurons as an array over connections."""
        return self.tensor([draw_by_connection(self._generators[0], self._speakers, self._listeners, kind, name, axes)])

    def draw(self, number: int, batch: int, kind: str, name: str, axes: str, replicas: slice | None = None) -> Tensor:
        """Return random numbers of a round; those for pairs of neurons as an array over connections."""
        self._generators[0].open(number, batch)
        return self.tensor([draw_by_connection(self._generators[0], self._speakers, self._listeners, kind, name, axes)])
