"""Loader of batches from samples in memory, so that inputs are in the processor's cache when they are played."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuronet.core import Samples, Scaling
from neuronet.engines.tensors.kernels.device import as_tensor, to_device

ROUNDS_PER_BLOCK = 16
"""Rounds in a block."""

MAX_GATHER_BYTES = 16 * 1024
"""Bytes of a round's inputs up to which those of a whole block are gathered together."""


@dataclass(frozen=True, eq=False)
class RoundBlock:
    """Consecutive rounds of equal size.

    Attributes:
        size: Samples a round.
        inputs: (..., B, I) for each round; the next round may overwrite it.
        targets: (rounds, ..., B) or (rounds, ..., B, O).
    """

    size: int
    inputs: Iterable[Tensor]
    targets: Tensor


class BatchLoader:
    """Iterable of the blocks in which an order of samples is played.

    Args:
        samples: Result of the engine's `prepare`.
        order: (N,) or (R, N), indices of samples.
        size: Samples a round; the last round may have fewer.
        lead: () or (R,).
    """

    def __init__(self, samples: Samples, order: Any, size: int, lead: tuple[int, ...]) -> None:
        self._raw: Tensor = samples.inputs
        self._targets: Tensor = samples.targets
        self._scaling = samples.scaling
        self._dtype = self._raw.dtype if samples.scaling is None else samples.scaling.shift.dtype
        indices = torch.as_tensor(np.ascontiguousarray(order)) if isinstance(order, np.ndarray) else torch.as_tensor(order)
        self._order = to_device(indices, str(self._raw.device)).expand(*lead, indices.shape[-1])
        self._size = size
        self._lead = lead

    def __iter__(self) -> Iterator[RoundBlock]:
        count = self._order.shape[-1]
        full = count - count % self._size
        if full:
            yield from self._blocks(self._order[..., :full], self._size)
        if full < count:
            yield from self._blocks(self._order[..., full:], count - full)

    def _blocks(self, order: Tensor, size: int) -> Iterator[RoundBlock]:
        # rounds first, then replicas: the indices of a round are then adjacent
        indices = order.reshape(*self._lead, -1, size).movedim(-2, 0).reshape(order.shape[-1] // size, -1)
        width = self._raw.shape[-1]
        small = indices.shape[-1] * width * self._dtype.itemsize <= MAX_GATHER_BYTES
        buffer = torch.empty(
            (1 if not small else ROUNDS_PER_BLOCK, indices.shape[-1], width), dtype=self._dtype, device=self._raw.device
        )
        for chosen in torch.split(indices, ROUNDS_PER_BLOCK):
            targets = self._targets.index_select(0, chosen.reshape(-1))
            part = buffer[: len(chosen)]
            shaped = part.view(len(part), *self._lead, size, width)
            if small:
                self._gather(chosen.reshape(-1), part.view(-1, width))
            inputs = shaped.unbind(0) if small else self._gather_lazily(chosen, part[0], shaped[0])
            yield RoundBlock(size, inputs, targets.view(len(chosen), *self._lead, size, *targets.shape[1:]))

    def _gather_lazily(self, indices: Tensor, buffer: Tensor, shaped: Tensor) -> Iterator[Tensor]:
        for chosen in indices.unbind(0):
            self._gather(chosen, buffer)
            yield shaped

    def _gather(self, chosen: Tensor, buffer: Tensor) -> None:
        if self._scaling is None:
            torch.index_select(self._raw, 0, chosen, out=buffer)
        else:
            torch.sub(self._raw.index_select(0, chosen), self._scaling.shift, out=buffer).mul_(self._scaling.factor)


def prepare_samples(samples: Samples, dtype: torch.dtype, device: str) -> Samples:
    """Return samples as tensors on a device; inputs with a scaling keep their type, and are scaled when they are played."""
    inputs, targets = (as_tensor(array).to(device=device) for array in (samples.inputs, samples.targets))
    is_index = targets.dtype in (torch.int32, torch.int64)
    targets = targets.to(dtype) if targets.is_floating_point() else targets if is_index else targets.to(torch.int64)
    if samples.scaling is None:
        return Samples(inputs.to(dtype), targets)
    shift, factor = (as_tensor(part).to(dtype=dtype, device=device) for part in (samples.scaling.shift, samples.scaling.factor))
    return Samples(inputs, targets, Scaling(shift, factor))
