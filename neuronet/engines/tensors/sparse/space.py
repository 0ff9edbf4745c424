"""The space of a sparse layer's tensors: random numbers by connection instead of by pair."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from neuronet.core import MAX_DENSE_ENTRIES, LayerRandom, Pattern, PolicyError
from neuronet.engines.base.ragged import PAIRED
from neuronet.engines.base.setup import Setup
from neuronet.engines.tensors.kernels.tensor_space import TensorSpace


class SparseSpace(TensorSpace):
    """Space of a sparse layer.

    In a layer that could also be dense, draws for pairs of neurons are those of the dense layer, so that all engines and layouts
    have the same; in larger ones a number is drawn for each connection.

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
        return self.tensor([self._drawn(self._generators[0], kind, name, axes)])

    def draw(self, number: int, batch: int, kind: str, name: str, axes: str) -> Tensor:
        """Return random numbers of a round; those for pairs of neurons as an array over connections."""
        self._generators[0].open(number, batch)
        return self.tensor([self._drawn(self._generators[0], kind, name, axes)])

    def _drawn(self, rng: LayerRandom, kind: str, name: str, axes: str) -> NDArray[np.float64]:
        pair = next((letter for letter in axes if letter in PAIRED), None)
        if pair is None or "J" not in axes:
            return rng.draw(kind, name, axes)
        if len(axes) > 2:
            raise PolicyError(f"draw '{name}' has axes '{axes}': a sparse layer draws for pairs of neurons alone")
        pattern = self._listeners if pair == "K" else self._speakers
        if pattern is None:
            return np.zeros(0)
        neurons = self.lengths["J"]
        biases = neurons if pair == "S" else 0
        if pattern.shape[0] * pattern.shape[1] > MAX_DENSE_ENTRIES:
            return rng.draw_connections(kind, name, axes, pattern.count + biases)
        own, other = (pattern.columns, pattern.rows) if pair == "K" else (pattern.rows, pattern.columns)
        matrix = rng.draw(kind, name, axes) if axes[0] == "J" else rng.draw(kind, name, axes).T
        numbers = matrix[own, other]
        return np.concatenate((numbers, matrix[:, -1])) if biases else numbers
