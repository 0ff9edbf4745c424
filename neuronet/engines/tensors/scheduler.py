"""Lets neurons act when it is their turn, where that is not everybody in every round: as masks over whole layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuronet.core.array_types import Memory
from neuronet.engines.base.engine import Setup
from neuronet.engines.tensors.layer import Layer
from neuronet.engines.tensors.parameters import Parameters
from neuronet.engines.tensors.policy_group import PolicyGroup


class Scheduler:
    """The update schedule of the games that are played at once.

    Args:
        setups: The games; all have the same update schedule.
        layers: Their layers.
        parameters: What is learnt.
    """

    def __init__(self, setups: Sequence[Setup], layers: Sequence[Layer], parameters: Parameters) -> None:
        self._update_schedule: Any = setups[0].update_schedule
        self._seeds = [each.seed for each in setups]
        self._layers, self._parameters = layers, parameters
        self._base_masks = [(layer.speaking_mask, layer.demand_mask) for layer in layers]
        self._previous_parameters: dict[str, Tensor] = {}
        self._previous_memories: list[tuple[PolicyGroup, Memory]] = []

    def set_active(self, number: int, *, learning: bool) -> None:
        """Tell hidden layers who sleeps in this round."""
        for layer, (speaking_mask, demand_mask) in zip(self._layers[:-1], self._base_masks[:-1], strict=True):
            awake = self._neuron_mask(self._update_schedule.active_mask, layer, number) if learning else None
            layer.speaking_mask, layer.demand_mask = (
                each if awake is None else awake[..., None, :] if each is None else each * awake[..., None, :]
                for each in (speaking_mask, demand_mask)
            )

    def snapshot(self) -> None:
        """Keep in mind what everybody was like before this round."""
        self._previous_parameters = {name: flat.clone() for name, flat in self._parameters.buffers()}
        self._previous_memories = [(each, each.memory) for layer in self._layers for each in layer.policy_groups]

    def revert(self, number: int) -> None:
        """Give those whose turn it was not back what they were."""
        for layer in self._layers:
            chosen = (
                self._update_schedule.update_mask,
                *((self._update_schedule.active_mask,) if layer is not self._layers[-1] else ()),
            )
            for those in (self._neuron_mask(each, layer, number) for each in chosen):
                if those is not None:
                    self._revert(layer, those > 0)

    def _revert(self, layer: Layer, acts: Tensor) -> None:
        for name, flat in self._parameters.buffers():
            for now, before, mask in zip(
                layer.views(flat), layer.views(self._previous_parameters[name]), (acts[..., None], acts), strict=True
            ):
                now.copy_(torch.where(mask, now, before))
        for each, memory in self._previous_memories:
            if each in layer.policy_groups:
                mine = each.take(acts, "J")
                each.memory = {
                    name: torch.where(mine[(..., *[None] * (len(axes) - 1))], each.memory[name], memory[name])
                    for name, axes in each.policy.memory_axes.items()
                }

    def _neuron_mask(self, choose: Callable[[int, int, int, int], Any], layer: Layer, number: int) -> Tensor | None:
        """1 for those neurons of a layer, (..., J); None for everybody."""
        neurons = layer.lengths["J"]
        chosen = [choose(seed, layer.number, neurons, number) for seed in self._seeds]
        if all(each is None for each in chosen):
            return None
        return layer.tensor([np.ones(neurons) if each is None else each for each in chosen])
