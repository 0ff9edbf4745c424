"""What learning costs besides accuracy: seconds, and what is kept beyond the network."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, singledispatch
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from neuronet.continual.evaluation.replicated_dataset import ReplicatedDataset
from neuronet.continual.methods.base import Batch, Learner, LearnerConfig, TaskInfo
from neuronet.continual.methods.finetuning import BackpropLearner
from neuronet.continual.methods.policy_learner import PolicyLearner
from neuronet.continual.methods.replay import ReplayLearner
from neuronet.core.structure.network import Network
from neuronet.registry import build_network, parse_optimizer

NETWORK_ARRAYS = ("weights", "bias")
"""What a network itself is, of each layer of an engine's state."""


class Timer:
    """Adds up the seconds within its blocks: the processor's, or the clock's where another device computes.

    Args:
        device: Where is computed.

    Attributes:
        seconds: Until now.
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
    """Let torch load what it loads at its first round on a device, so that no game's clock counts it."""
    config = LearnerConfig([build_network((2, 2, 2))], [0], parse_optimizer("sgd"), 1.0, 2, device, dtype)
    inputs = torch.zeros(1, 2, 2, device=device, dtype=getattr(torch, dtype))
    targets = torch.zeros(1, 2, device=device, dtype=torch.int64)
    BackpropLearner(config).train_batch(Batch(inputs, targets, torch.ones(1, 1, 2, device=device, dtype=torch.bool)))


@singledispatch
def memory_bytes(learner: Learner) -> int:
    """Bytes that all replicas of a learner keep from round to round beyond their networks, as they are now.

    What is counted: every tensor and array that its attributes lead to, each once. What is not: its parameters, the networks it
    began with, and the samples of the task at hand, which all are given.
    """
    return _bytes(vars(learner).values())


@memory_bytes.register
def _(learner: BackpropLearner) -> int:
    return _bytes(vars(learner).values(), excluding=learner.parameters)


@memory_bytes.register
def _(learner: ReplayLearner) -> int:
    """The samples alone that may be played again, with their targets, as a task's deck holds them."""
    samples = sum(
        _sample_bytes(task_info.dataset) * len(places)
        for task_info, stored_indices in learner._stored
        for places in stored_indices
    )
    others = (value for name, value in vars(learner).items() if name != "_stored")
    return samples + _bytes(others, excluding=learner.parameters)


@memory_bytes.register
def _(learner: PolicyLearner) -> int:
    """What the policies remember and the optimizer keeps; what an engine only computes in is not counted."""
    return sum(
        array.nbytes for name, array in learner._engine.state().arrays.items() if name.split(".", 1)[1] not in NETWORK_ARRAYS
    )


def _sample_bytes(dataset: ReplicatedDataset) -> int:
    """Bytes of one sample with its target, as the deck holds them."""
    samples = dataset._parts[0]
    return int(samples.inputs[:1].nbytes + samples.targets[:1].nbytes)


def _bytes(values: Iterable[Any], excluding: Iterable[Tensor] = ()) -> int:
    """The bytes of all tensors and arrays among these, each memory once, without that of some."""
    storages = {_storage_address(array): size for array, size in _arrays(values, set())}
    for each in excluding:
        storages.pop(_storage_address(each), None)
    return sum(storages.values())


def _storage_address(array: Tensor | NDArray[Any]) -> int:
    """Where it lies: the same for all views of one memory."""
    if isinstance(array, Tensor):
        return array.untyped_storage().data_ptr()
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array.__array_interface__["data"][0]  # type: ignore[no-any-return]


def _arrays(values: Iterable[Any], visited: set[int]) -> Iterator[tuple[Tensor | NDArray[Any], int]]:
    """Every tensor and array, with the bytes of the memory that it lies in."""
    for value in values:
        if id(value) in visited or isinstance(value, (Network, TaskInfo, type)):
            continue
        visited.add(id(value))
        if isinstance(value, Tensor):
            yield value, value.untyped_storage().nbytes()
        elif isinstance(value, np.ndarray):
            yield value, value.nbytes if value.base is None else getattr(value.base, "nbytes", value.nbytes)
        elif isinstance(value, Optimizer):
            yield from _arrays(value.state.values(), visited)
        elif isinstance(value, Mapping):
            yield from _arrays(value.values(), visited)
        elif isinstance(value, (list, tuple, set, frozenset, deque)):
            yield from _arrays(value, visited)
        elif type(value).__module__.split(".")[0] == "neuronet":
            yield from _arrays(vars(value).values(), visited)
