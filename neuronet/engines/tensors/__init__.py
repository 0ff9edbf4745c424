"""The tensor engine: the same rounds as the agent engine, a whole layer at a time, in torch, on any device."""

from neuronet.engines.tensors.device import resolve_device
from neuronet.engines.tensors.engine import TensorEngine
from neuronet.engines.tensors.sequential_replicas import SequentialReplicas, tensor_engine

__all__ = ["SequentialReplicas", "TensorEngine", "resolve_device", "tensor_engine"]
