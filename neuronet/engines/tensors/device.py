"""Which device computes, and how numbers of the host get there."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from neuronet.core.errors import NeuroNetError

DEVICE_COUNTS: dict[str, Callable[[], int]] = {
    "cpu": lambda: 1,
    "cuda": lambda: torch.cuda.device_count(),  # noqa: PLW0108
    "mps": lambda: int(torch.backends.mps.is_available()),
}
"""How many devices there are of each kind that the engine has been tried on."""


def resolve_device(device: str) -> str:
    """The device that is meant, "auto" being the best there is.

    Raises:
        NeuroNetError: It is unknown or not there.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "cpu"
    kind, _, index = device.partition(":")
    if kind not in DEVICE_COUNTS or (index and not index.isdigit()):
        raise NeuroNetError(f"device must be auto, cpu, cuda, cuda:N or mps, got '{device}'")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise NeuroNetError(f"device '{device}' is not there: this machine has {torch.cuda.device_count()} CUDA devices")
    if not DEVICE_COUNTS[kind]():
        raise NeuroNetError(f"device '{device}' is not there: use cpu")
    return device


MATMUL_PRECISIONS = ("highest", "high", "medium")
"""How exactly matrices of single precision are multiplied, in the words of torch."""


class MatmulPrecision:
    """While entered, torch multiplies matrices of single precision as exactly as this says, and no more exactly than it must.

    Args:
        precision: One of MATMULS; "highest" leaves torch as it is.

    Raises:
        NeuroNetError: It is none.
    """

    def __init__(self, precision: str) -> None:
        if precision not in MATMUL_PRECISIONS:
            raise NeuroNetError(f"matmul must be highest, high or medium, got {precision!r}")
        self.precision = precision
        self._previous = "highest"

    def __enter__(self) -> None:
        if self.precision != "highest":
            self._previous = torch.get_float32_matmul_precision()
            torch.set_float32_matmul_precision(self.precision)

    def __exit__(self, *error: object) -> None:
        if self.precision != "highest":
            torch.set_float32_matmul_precision(self._previous)


def to_device(host: Tensor, device: str) -> Tensor:
    """A tensor of the host on the device; a GPU is not waited for, so that the next round can be prepared meanwhile.

    Only from pinned memory, which the system never moves, can a GPU read by itself; torch keeps it until the copy is done.
    """
    kind = device.partition(":")[0]
    if kind == "cuda":
        host = host.pin_memory()
    return host.to(device, non_blocking=kind not in ("cpu", "mps"))
