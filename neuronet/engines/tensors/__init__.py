"""The tensor engine: the same rounds as the agent engine, a whole layer at a time, in torch, on any device."""

from neuronet.engines.tensors.device import best_device
from neuronet.engines.tensors.engine import TensorEngine

__all__ = ["TensorEngine", "best_device"]
