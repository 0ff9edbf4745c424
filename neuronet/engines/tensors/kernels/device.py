"""Devices, and transfers to them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuronet.core import ConfigurationError

DEVICE_COUNTS: dict[str, Callable[[], int]] = {
    "cpu": lambda: 1,
    "cuda": lambda: torch.cuda.device_count(),  # noqa: PLW0108
    "mps": lambda: int(torch.backends.mps.is_available()),
}
"""Number of devices of each kind that the engine supports."""


def resolve_device(device: str) -> str:
    """Return the device that a name means; "auto" is the fastest one available.

    Raises:
        ConfigurationError: The name is unknown, or this machine has no such device.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, index = device.partition(":")
    if kind not in DEVICE_COUNTS or (index and not re.fullmatch("[0-9]{1,4}", index)):
        raise ConfigurationError(f"device must be auto, cpu, cuda, cuda:N or mps, got '{device}'")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise ConfigurationError(f"device '{device}' is not available: this machine has {torch.cuda.device_count()} CUDA devices")
    if not DEVICE_COUNTS[kind]():
        raise ConfigurationError(f"device '{device}' is not available: use cpu")
    return device


def to_device(host: Tensor, device: str) -> Tensor:
    """Return a host tensor on a device, without waiting for a GPU.

    A GPU can read only pinned memory by itself; torch keeps that memory until the copy is done.
    """
    kind = device.partition(":")[0]
    if kind == "cuda":
        host = host.pin_memory()
    return host.to(device, non_blocking=kind not in ("cpu", "mps"))


def as_tensor(array: Any) -> Tensor:
    """Return a tensor, without a copy where torch can share the memory: not of read-only or reversed arrays."""
    return torch.as_tensor(np.require(array, requirements=("C", "W")) if isinstance(array, np.ndarray) else array)


def as_numpy(tensor: Tensor) -> NDArray[Any]:
    """Return a tensor as an array on the host, without a copy where they can share memory."""
    return np.asarray(tensor.detach().cpu().numpy())


def copy_to_numpy(tensor: Tensor) -> NDArray[Any]:
    """Return a copy of a tensor as an array on the host."""
    return np.array(as_numpy(tensor), copy=True, order="C")
