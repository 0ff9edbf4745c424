"""Samples of a task for R replicas, each with samples of its own, on one device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuronet.core import Samples, Scaling

CHUNK_SIZE = 1024
"""Samples of each replica in a chunk."""


class ReplicatedDataset:
    """Samples of R replicas on a device; uint8 inputs are scaled when they are taken.

    Args:
        parts: Samples of each replica, with classes as targets; their numbers may differ.
        device: Device that holds them.
        dtype: "float32" or "float64", type of the inputs taken.

    Attributes:
        counts: Number of samples of each replica, (R,).
    """

    def __init__(self, parts: Sequence[Samples], device: str, dtype: str) -> None:
        self._device = device
        self._dtype: torch.dtype = getattr(torch, dtype)
        self._parts = [self._to_device(part) for part in parts]
        self.counts = tuple(len(part) for part in parts)

    def _to_device(self, samples: Samples) -> Samples:
        targets = torch.as_tensor(np.asarray(samples.targets, dtype=np.int64), device=self._device)
        if samples.scaling is None:
            return Samples(self._to_tensor(samples.inputs), targets)
        scaling = Scaling(self._to_tensor(samples.scaling.shift), self._to_tensor(samples.scaling.factor))
        return Samples(torch.tensor(samples.inputs, device=self._device), targets, scaling)

    def _to_tensor(self, array: Any) -> Tensor:
        return torch.tensor(array, dtype=self._dtype, device=self._device)

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample with its target, as stored."""
        part = self._parts[0]
        return int(part.inputs[:1].nbytes + part.targets[:1].nbytes)

    def take(self, indices: Sequence[NDArray[np.int64]] | Tensor) -> tuple[Tensor, Tensor]:
        """Return the scaled inputs (R, B, I) and the targets (R, B) of selected samples.

        Args:
            indices: (R, B), a tensor on the device or an array for each replica.
        """
        chosen = [part.at(torch.as_tensor(rows, device=self._device)) for part, rows in zip(self._parts, indices, strict=True)]
        return torch.stack([part.inputs for part in chosen]), torch.stack([part.targets for part in chosen])

    def chunks(self, size: int = CHUNK_SIZE) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield all samples in chunks of a size: inputs (R, B, I), targets (R, B), and whether each entry is a sample, (R, B).

        A replica with fewer samples than another repeats its last one as padding.
        """
        longest = max(self.counts)
        for start in range(0, longest, size):
            rows = np.arange(start, min(start + size, longest))
            valid = torch.tensor(np.stack([rows < count for count in self.counts]), device=self._device)
            yield *self.take([np.minimum(rows, count - 1) for count in self.counts]), valid

    def subset(self, indices: Sequence[NDArray[np.int64]]) -> ReplicatedDataset:
        """Return a dataset of selected samples, indices (n,) for each replica, where n may differ between replicas."""
        result = copy(self)
        device_indices = [torch.as_tensor(rows, device=self._device) for rows in indices]
        result._parts = [
            Samples(part.inputs[rows], part.targets[rows], part.scaling)
            for part, rows in zip(self._parts, device_indices, strict=True)
        ]
        result.counts = tuple(len(rows) for rows in device_indices)
        return result
