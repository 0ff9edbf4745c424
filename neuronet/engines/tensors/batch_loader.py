"""Feeding rounds from samples that are held, so that inputs are in the processor's cache when they are played."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuronet.core.environment import Samples
from neuronet.engines.tensors.device import send

ROUNDS = 16
"""Rounds in a series."""

SMALL = 16 * 1024
"""Bytes of a round's inputs up to which those of a whole series are gathered at once."""


@dataclass(frozen=True, eq=False)
class Series:
    """Some rounds of the same size.

    Attributes:
        size: Samples a round.
        inputs: (..., B, I) for each round; what a round is given holds until the next.
        targets: (rounds, ..., B) or (rounds, ..., B, O).
    """

    size: int
    inputs: Iterable[Tensor]
    targets: Tensor


class Feed:
    """The rounds of an order of samples, in series.

    Args:
        samples: What the engine holds.
        order: (N,) or (R, N), integers.
        size: Samples a round; the last may have fewer.
        lead: () or (R,).
    """

    def __init__(self, samples: Samples, order: Any, size: int, lead: tuple[int, ...]) -> None:
        self._raw: Tensor = samples.inputs
        self._targets: Tensor = samples.targets
        self._scaling = samples.scaling
        self._kind = self._raw.dtype if samples.scaling is None else samples.scaling.shift.dtype
        places = torch.as_tensor(np.ascontiguousarray(order)) if isinstance(order, np.ndarray) else torch.as_tensor(order)
        self._order = send(places, str(self._raw.device)).expand(*lead, places.shape[-1])
        self._size = size
        self._lead = lead

    def __iter__(self) -> Iterator[Series]:
        count = self._order.shape[-1]
        full = count - count % self._size
        if full:
            yield from self._series(self._order[..., :full], self._size)
        if full < count:
            yield from self._series(self._order[..., full:], count - full)

    def _series(self, order: Tensor, size: int) -> Iterator[Series]:
        # rounds first, then replicas: each round's places are then next to each other
        places = order.reshape(*self._lead, -1, size).movedim(-2, 0).reshape(order.shape[-1] // size, -1)
        width = self._raw.shape[-1]
        small = places.shape[-1] * width * self._kind.itemsize <= SMALL
        room = torch.empty((1 if not small else ROUNDS, places.shape[-1], width), dtype=self._kind, device=self._raw.device)
        for some in torch.split(places, ROUNDS):
            targets = self._targets.index_select(0, some.reshape(-1))
            part = room[: len(some)]
            shaped = part.view(len(part), *self._lead, size, width)
            if small:
                self._gather(some.reshape(-1), part.view(-1, width))
            inputs = shaped.unbind(0) if small else self._in_turn(some, part[0], shaped[0])
            yield Series(size, inputs, targets.view(len(some), *self._lead, size, *targets.shape[1:]))

    def _in_turn(self, places: Tensor, room: Tensor, shaped: Tensor) -> Iterator[Tensor]:
        for chosen in places.unbind(0):
            self._gather(chosen, room)
            yield shaped

    def _gather(self, chosen: Tensor, room: Tensor) -> None:
        if self._scaling is None:
            torch.index_select(self._raw, 0, chosen, out=room)
        else:
            torch.sub(self._raw.index_select(0, chosen), self._scaling.shift, out=room).mul_(self._scaling.factor)
