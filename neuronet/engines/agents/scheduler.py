"""Lets neurons act when it is their turn, where that is not everybody at once in every round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neuronet.core.learning.update_schedule import RandomOrder, Turns
from neuronet.engines.base.engine import Setup


class Rota:
    """The turns of a game.

    Args:
        setup: The game.
    """

    def __init__(self, setup: Setup) -> None:
        self._turns: Turns = setup.turns  # type: ignore[assignment]
        self._seed, self._sizes = setup.seed, setup.network.sizes
        self._silent = [setup.is_silent(layer) for layer in range(len(self._sizes))]

    def rouse(self, layers: Sequence[Any], number: int, *, learning: bool) -> None:
        """Tell the neurons of hidden layers whether they sleep in this round."""
        for layer in range(1, len(self._sizes) - 1):
            silent, awake = self._silent[layer], None
            if learning:
                awake = self._turns.awake(self._seed, layer, self._sizes[layer], number)
            silent = silent if awake is None else silent | ~awake
            for neuron in layers[layer]:
                neuron.silent = bool(silent[neuron.index])

    def adapt(self, layers: Sequence[Any], number: int, answering: int) -> None:
        """Let those adapt whose turn it is.

        Args:
            layers: The agents of each layer, the inputs first.
            number: The round's.
            answering: The lowest layer that demands have come to.
        """
        if isinstance(self._turns, RandomOrder):
            everybody = [neuron for layer in layers[1:] for neuron in sorted(layer, key=lambda neuron: neuron.index)]
            for place in self._turns.order(self._seed, len(everybody), number):
                everybody[place].act()
            return
        for layer in range(1, len(self._sizes)):
            acts = np.ones(self._sizes[layer], dtype=np.bool_)
            for chosen in (self._turns.acting, *((self._turns.awake,) if layer < len(self._sizes) - 1 else ())):
                some = chosen(self._seed, layer, self._sizes[layer], number)
                acts = acts if some is None else acts & some
            for neuron in layers[layer]:
                if acts[neuron.index]:
                    (neuron.adapt if layer >= answering else neuron.wait)()
