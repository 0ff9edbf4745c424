"""Lets neurons act when it is their turn, where that is not everybody at once in every round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neuronet.core.learning.update_schedule import RandomSequential, UpdateSchedule
from neuronet.engines.base.engine import Setup


class Scheduler:
    """The update schedule of a game.

    Args:
        setup: The game.
    """

    def __init__(self, setup: Setup) -> None:
        self._update_schedule: UpdateSchedule = setup.update_schedule
        self._seed, self._sizes = setup.seed, setup.network.sizes
        self._silent = [setup.is_silent(layer) for layer in range(len(self._sizes))]

    def set_active(self, layers: Sequence[Any], number: int, *, learning: bool) -> None:
        """Tell the neurons of hidden layers whether they sleep in this round."""
        for layer in range(1, len(self._sizes) - 1):
            silent, awake = self._silent[layer], None
            if learning:
                awake = self._update_schedule.active_mask(self._seed, layer, self._sizes[layer], number)
            silent = silent if awake is None else silent | ~awake
            for neuron in layers[layer]:
                neuron.silent = bool(silent[neuron.index])

    def adapt(self, layers: Sequence[Any], number: int, lowest_with_demand: int) -> None:
        """Let those adapt whose turn it is.

        Args:
            layers: The agents of each layer, the inputs first.
            number: The round's.
            lowest_with_demand: The lowest layer that demands have come to.
        """
        if isinstance(self._update_schedule, RandomSequential):
            everybody = [neuron for layer in layers[1:] for neuron in sorted(layer, key=lambda neuron: neuron.index)]
            for place in self._update_schedule.order(self._seed, len(everybody), number):
                everybody[place].update()
            return
        for layer in range(1, len(self._sizes)):
            acts = np.ones(self._sizes[layer], dtype=np.bool_)
            for chosen in (
                self._update_schedule.update_mask,
                *((self._update_schedule.active_mask,) if layer < len(self._sizes) - 1 else ()),
            ):
                some = chosen(self._seed, layer, self._sizes[layer], number)
                acts = acts if some is None else acts & some
            for neuron in layers[layer]:
                if acts[neuron.index]:
                    (neuron.adapt if layer >= lowest_with_demand else neuron.apply_zero_response)()
