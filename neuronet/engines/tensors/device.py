"""Which device computes."""

from __future__ import annotations

import torch

from neuronet.errors import NeuroNetError


def best_device(device: str) -> str:
    """The device that is meant, "auto" being the best there is.

    Raises:
        NeuroNetError: It is unknown or not there.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "cpu"
    kind, _, index = device.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (index and not index.isdigit()):
        raise NeuroNetError(f"device must be auto, cpu, cuda, cuda:N or mps, got '{device}'")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise NeuroNetError(f"device '{device}' is not there: this machine has {torch.cuda.device_count()} CUDA devices")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise NeuroNetError("device 'mps' is not there: use cpu")
    return device
