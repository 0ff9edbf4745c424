"""The tensor engine: the same rounds as the agent engine, a whole layer at a time, in torch, on any device."""

from neuronet.engines.tensors.device import best_device
from neuronet.engines.tensors.engine import TensorEngine
from neuronet.engines.tensors.sequential_replicas import TakingTurns, tensor_engine

__all__ = ["TakingTurns", "TensorEngine", "best_device", "tensor_engine"]
