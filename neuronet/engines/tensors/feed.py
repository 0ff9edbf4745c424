"""Feeding rounds from samples that are held: gathered into the same room each time, so that they are in the cache when played."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuronet.engines.tensors.device import send
from neuronet.environment import Samples


class Feed:
    """The rounds of an order of samples, each as (inputs, targets); what a round was given holds until the next.

    Args:
        samples: What the engine holds.
        order: (N,) or (R, N), whole numbers.
        size: Samples a round; the last may have fewer.
        lead: () or (R,).
    """

    def __init__(self, samples: Samples, order: Any, size: int, lead: tuple[int, ...]) -> None:
        self._samples = samples
        places = torch.as_tensor(np.ascontiguousarray(order)) if isinstance(order, np.ndarray) else torch.as_tensor(order)
        self._order = send(places, str(samples.inputs.device)).expand(*lead, places.shape[-1])
        self._size = size
        self._lead = lead

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        count = self._order.shape[-1]
        full = count - count % self._size
        if full:
            yield from self._rounds(self._order[..., :full], self._size)
        if full < count:
            yield from self._rounds(self._order[..., full:], count - full)

    def _rounds(self, order: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        rounds = order.shape[-1] // size
        # rounds first, then replicas: each round's places are then next to each other
        places = order.reshape(*self._lead, rounds, size).movedim(-2, 0).reshape(rounds, -1)
        targets = self._samples.targets.index_select(0, places.reshape(-1))
        targets = targets.view(rounds, *self._lead, size, *targets.shape[1:])
        raw: Tensor = self._samples.inputs
        room = torch.empty(places.shape[-1], raw.shape[-1], dtype=raw.dtype, device=raw.device)
        scaling = self._samples.scaling
        scaled = room if scaling is None else torch.empty_like(room, dtype=scaling.shift.dtype)
        inputs = scaled.view(*self._lead, size, -1)
        for chosen, wanted in zip(places.unbind(0), targets.unbind(0), strict=True):
            torch.index_select(raw, 0, chosen, out=room)
            if scaling is not None:
                torch.sub(room, scaling.shift, out=scaled).mul_(scaling.factor)
            yield inputs, wanted
