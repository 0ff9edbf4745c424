"""Message boards, on which the neurons of a layer post for their neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Array, Bools, LayerRandom

Index = slice | NDArray[np.int64]


class MessageBoard:
    """The posts of one layer.

    A neuron writes its own row and reads the rows of its neighbours; posts are stored feature by feature, so that rows are
    contiguous.

    Args:
        neurons: J.
        speakers: I.
        rng: Random numbers of the layer.
        dtype: Precision of the posts.

    Attributes:
        activity: (J, B), activity of each neuron.
        delivered_activity: (J, B), activity that arrives at the listeners; the same array where there is no channel.
        demand: (J, B), how each neuron wants its own potential to move.
        delivered_demand: (J, B), demand that arrives at the speakers; the same array where there is no channel.
        jacobian: (J, B), factor with which a change of the activity would arrive at the listeners; None for 1.
        attention: (J, I), attention that each neuron pays to the layer below.
        response: (J, I), how each neuron intends to change that attention.
        layer_demand: (J,), root mean square of each neuron's demand over the batch, before its policy scales it.
        layer_response: (J,), length of each neuron's response, its bias not counted, before its policy scales it.
    """

    def __init__(self, neurons: int, speakers: int, rng: LayerRandom, dtype: Any) -> None:
        self.dtype = dtype
        self.rng = rng
        self.attention = np.zeros((neurons, speakers), dtype=dtype)
        self.response = np.zeros((neurons, speakers), dtype=dtype)
        self.layer_demand, self.layer_response = np.zeros(neurons, dtype=dtype), np.zeros(neurons, dtype=dtype)
        self.activity = np.zeros((neurons, 0), dtype=dtype)
        self.demand = np.zeros((neurons, 0), dtype=dtype)
        self.delivered_activity, self.delivered_demand = self.activity, self.demand
        self.jacobian: Array | None = None
        self._drawn: dict[tuple[str, str, str], Array] = {}

    def open(self, number: int, batch: int) -> None:
        """Begin a round with room for a batch of this size."""
        if self.activity.shape[1] != batch:
            self.activity = np.zeros((len(self.activity), batch), dtype=self.dtype)
        if self.demand.shape[1] != batch:
            self.demand = np.zeros((len(self.demand), batch), dtype=self.dtype)
        self.delivered_activity, self.delivered_demand, self.jacobian = self.activity, self.demand, None
        self.rng.open(number, batch)
        self._drawn.clear()

    def draw(self, kind: str, name: str, axes: str) -> Array:
        """Return the layer's random numbers in the engine's precision; each neuron reads its own part."""
        key = (kind, name, axes)
        if key not in self._drawn:
            self._drawn[key] = self.rng.draw(kind, name, axes).astype(self.dtype, copy=False)
        return self._drawn[key]


def connected(mask: Bools | None, row: int | None = None, column: int | None = None) -> Index:
    """Return the speakers in a row of a mask (K, J), or the listeners in a column; all where there is no mask."""
    if mask is None:
        return slice(None)
    return np.flatnonzero(mask[row] if row is not None else mask[:, column])
