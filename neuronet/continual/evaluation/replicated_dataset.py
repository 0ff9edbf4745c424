"""The samples of a task, R replicas of it side by side, each with samples of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuronet.core.environment import Samples, Scaling

CHUNK_SIZE = 1024
"""Samples of each replica that are taken at a time."""


class ReplicatedDataset:
    """Samples on a device; bytes stay bytes until they are taken.

    Args:
        parts: Each replica's, with classes as targets; they may differ in number.
        device: Where they are held.
        dtype: "float32" or "float64", of what is taken.
    """

    def __init__(self, parts: Sequence[Samples], device: str, dtype: str) -> None:
        self._device = device
        self._dtype: torch.dtype = getattr(torch, dtype)
        self._parts = [self._to_device(each) for each in parts]
        self.counts = tuple(len(each) for each in parts)

    def _to_device(self, samples: Samples) -> Samples:
        targets = torch.as_tensor(np.asarray(samples.targets, dtype=np.int64), device=self._device)
        if samples.scaling is None:
            return Samples(self._to_tensor(samples.inputs), targets)
        scaling = Scaling(self._to_tensor(samples.scaling.shift), self._to_tensor(samples.scaling.factor))
        return Samples(torch.tensor(samples.inputs, device=self._device), targets, scaling)

    def _to_tensor(self, array: Any) -> Tensor:
        return torch.tensor(array, dtype=self._dtype, device=self._device)

    def take(self, device_indices: Sequence[NDArray[np.int64]] | Tensor) -> tuple[Tensor, Tensor]:
        """The samples at these places of each replica, (R, B): inputs (R, B, I), scaled, and targets (R, B).

        Args:
            device_indices: A tensor on the device, or an array for each replica, which is sent there.
        """
        chosen = [
            part.at(torch.as_tensor(each, device=self._device)) for part, each in zip(self._parts, device_indices, strict=True)
        ]
        return torch.stack([each.inputs for each in chosen]), torch.stack([each.targets for each in chosen])

    def chunks(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """All samples, a part at a time: inputs, targets, and (R, B) whether there is such a sample.

        A replica that has fewer samples than another shows its last one again, and says that it is not there.
        """
        for start in range(0, max(self.counts), CHUNK_SIZE):
            device_indices = np.arange(start, min(start + CHUNK_SIZE, max(self.counts)))
            valid = torch.tensor(np.stack([device_indices < count for count in self.counts]), device=self._device)
            yield *self.take([np.minimum(device_indices, count - 1) for count in self.counts]), valid

    def subset(self, indices: Sequence[NDArray[np.int64]]) -> ReplicatedDataset:
        """A deck of the samples at these places of each replica, each replica's own number of them."""
        result = copy(self)
        device_indices = [torch.as_tensor(each, device=self._device) for each in indices]
        result._parts = [
            Samples(part.inputs[index], part.targets[index], part.scaling)
            for part, index in zip(self._parts, device_indices, strict=True)
        ]
        result.counts = tuple(len(each) for each in device_indices)
        return result
