"""The tensor engine: the same rounds as the agent engine, a whole layer at a time, in torch, on any device."""

from neuronet.engines.tensors.compiled.choice import KERNELS, why_not_compiled
from neuronet.engines.tensors.data_parallel.engine import DataParallelEngine
from neuronet.engines.tensors.engine import TensorEngine
from neuronet.engines.tensors.factory import MAX_BATCHED_WORK, tensor_engine
from neuronet.engines.tensors.kernels.device import resolve_device
from neuronet.engines.tensors.kernels.matmul import products_of_machine
from neuronet.engines.tensors.kernels.processor import processor_family
from neuronet.engines.tensors.sequential_replicas import SequentialReplicas

__all__ = [
    "KERNELS",
    "MAX_BATCHED_WORK",
    "DataParallelEngine",
    "SequentialReplicas",
    "TensorEngine",
    "processor_family",
    "products_of_machine",
    "resolve_device",
    "tensor_engine",
    "why_not_compiled",
]
