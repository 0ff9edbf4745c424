"""Time that learning takes."""

from __future__ import annotations

import time
from functools import cache

import torch

from neuronet.continual.methods.base import Batch, LearnerConfig
from neuronet.continual.methods.finetuning import BackpropLearner
from neuronet.core import SGD
from neuronet.registry import build_network


class Timer:
    """Context manager that sums the seconds within its blocks: processor time on the CPU, wall time on other devices.

    Args:
        device: Device that computes.

    Attributes:
        seconds: Sum so far.
    """

    def __init__(self, device: str) -> None:
        self.seconds = 0.0
        self._device = device
        self._started = 0.0

    def _read_clock(self) -> float:
        if self._device == "cpu":
            return time.process_time()
        if self._device.startswith("cuda"):
            torch.cuda.synchronize(self._device)
        return time.perf_counter()

    def __enter__(self) -> None:
        self._started = self._read_clock()

    def __exit__(self, *error: object) -> None:
        self.seconds += self._read_clock() - self._started


@cache
def warm_up(device: str, dtype: str) -> None:
    """Warm up torch on a device, so that one-time initialisation is not included in the measured time."""
    config = LearnerConfig([build_network((2, 2, 2))], [0], SGD(), 1.0, 2, device, dtype)
    inputs = torch.zeros(1, 2, 2, device=device, dtype=getattr(torch, dtype))
    targets = torch.zeros(1, 2, device=device, dtype=torch.int64)
    BackpropLearner(config).train_batch(Batch(inputs, targets, torch.ones(1, 1, 2, device=device, dtype=torch.bool)))
