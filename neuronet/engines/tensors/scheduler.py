"""Masks of the neurons that act in a round, by the update schedule."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from neuronet.core import Bools, ConfigurationError, UpdateSchedule
from neuronet.engines.base.setup import Setup
from neuronet.engines.tensors.layer import Layer
from neuronet.engines.tensors.round_context import LayerMasks


class Scheduler:
    """Scheduler of a synchronous game: all neurons act in every round, except silent ones.

    Args:
        layers: The layers of the game.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._base = [LayerMasks(layer.speaking_mask, layer.demand_mask) for layer in layers]

    def masks(self, number: int, *, learning: bool) -> Sequence[LayerMasks]:
        """Return the masks of each listening layer in a round.

        Args:
            number: Number of the round, from 0.
            learning: Whether the neurons learn from this round; otherwise all are awake.
        """
        return self._base


class MaskScheduler(Scheduler):
    """Scheduler of a game in which not all neurons act in every round.

    Args:
        setups: The game of each replica, with equal update schedules.
        layers: The layers of the game.
    """

    def __init__(self, setups: Sequence[Setup], layers: Sequence[Layer]) -> None:
        super().__init__(layers)
        self._schedule: UpdateSchedule = setups[0].update_schedule
        self._seeds = [setup.seed for setup in setups]
        self._layers = layers

    def masks(self, number: int, *, learning: bool) -> Sequence[LayerMasks]:
        """Return the masks of each listening layer in a round."""
        if not learning:
            return self._base
        masks = []
        for layer, base in zip(self._layers, self._base, strict=True):
            update = self._draw(self._schedule.update_mask, layer, number)
            speaking, demand = base.speaking, base.demand
            if layer.above is not None:  # output neurons are always active
                active = self._draw(self._schedule.active_mask, layer, number)
                if active is not None:
                    row = active.to(layer.space.dtype)[..., None, :]
                    speaking, demand = (row if mask is None else mask * row for mask in (speaking, demand))
                    update = active if update is None else update & active
            masks.append(LayerMasks(speaking, demand, update))
        return masks

    def _draw(self, choose: Callable[[int, int, int, int], Bools | None], layer: Layer, number: int) -> Tensor | None:
        """Return True for the chosen neurons of a layer, (..., J); None for all."""
        neurons = layer.lengths["J"]
        chosen = [choose(seed, layer.number, neurons, number) for seed in self._seeds]
        if all(mask is None for mask in chosen):
            return None
        mask = layer.space.tensor([np.ones(neurons) if mask is None else mask for mask in chosen])
        return mask.to(torch.bool)


def make_scheduler(setups: Sequence[Setup], layers: Sequence[Layer]) -> Scheduler:
    """Return the scheduler of a game.

    Raises:
        ConfigurationError: The update schedule lets single neurons of a layer act one after another.
    """
    schedule = setups[0].update_schedule
    if not schedule.is_layerwise:
        raise ConfigurationError("update schedule random-sequential needs engine agents: it updates single neurons")
    return Scheduler(layers) if schedule.is_synchronous else MaskScheduler(setups, layers)
