"""Feeding rounds from samples that are held: gathered for several rounds at once where batches are small."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neuronet.engines.tensors.verdict import Verdict
from neuronet.environment import Samples

AT_ONCE = 512 * 1024
"""Bytes of inputs gathered at once: they should still be in the cache when they are played."""


class Feed:
    """The rounds of an order of samples, each as (inputs, targets as the verdict takes them).

    Args:
        samples: What the engine holds.
        order: (N,) or (R, N), whole numbers.
        size: Samples a round; the last may have fewer.
        verdict: Prepares the targets.
        lead: () or (R,).
    """

    def __init__(self, samples: Samples, order: Any, size: int, verdict: Verdict, lead: tuple[int, ...]) -> None:
        inputs: Tensor = samples.inputs
        self._samples = samples
        places = torch.as_tensor(np.ascontiguousarray(order)) if isinstance(order, np.ndarray) else torch.as_tensor(order)
        self._order = places.to(inputs.device, non_blocking=True).expand(*lead, places.shape[-1])
        self._size = size
        self._verdict = verdict
        self._lead = lead
        width = verdict_bytes(samples) * size * int(np.prod(lead, dtype=int))
        self._rounds_at_once = max(1, AT_ONCE // max(1, width))

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        count = self._order.shape[-1]
        full = count - count % self._size
        step = self._rounds_at_once * self._size
        for start in range(0, full, step):
            yield from self._some(start, min(start + step, full), self._size)
        if full < count:
            yield from self._some(full, count, count - full)

    def _some(self, start: int, stop: int, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        part = self._order[..., start:stop]
        rounds = (stop - start) // size
        # rounds first, then replicas: each round is then a block of its own
        places = part.reshape(*self._lead, rounds, size).movedim(-2, 0).reshape(-1)
        batch = self._samples.at(places) if self._samples.scaling is not None else _gather(self._samples, places)
        inputs = batch.inputs.view(rounds, *self._lead, size, -1)
        targets = batch.targets.view(rounds, *self._lead, size, *batch.targets.shape[1:])
        yield from zip(inputs.unbind(0), self._verdict.prepare(targets).unbind(0), strict=True)


def _gather(samples: Samples, places: Tensor) -> Samples:
    return Samples(samples.inputs.index_select(0, places), samples.targets.index_select(0, places))


def verdict_bytes(samples: Samples) -> int:
    """Bytes of one sample's inputs when they are played."""
    sample: Tensor = samples.inputs[0]
    return int(sample.numel()) * (sample.element_size() if samples.scaling is None else 4)
