"""Bytes of the tensors and arrays that a learner keeps."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

AnyArray = Tensor | NDArray[Any]


def array_bytes(values: Iterable[Any], excluded: Iterable[AnyArray] = (), skipped: tuple[type, ...] = ()) -> int:
    """Return the bytes of all tensors and arrays that are reachable from some values, each storage counted once.

    Args:
        values: Where the search starts: arrays, containers, optimizers of torch, and objects of NeuroNet's own classes.
        excluded: Arrays that are not counted, with all views of them.
        skipped: Classes; their instances are not searched.
    """
    storages = {_storage_address(array): size for array, size in _arrays(values, skipped, set())}
    for array in excluded:
        storages.pop(_storage_address(array), None)
    return sum(storages.values())


def _storage_address(array: AnyArray) -> int:
    """Return the address of the memory, equal for all views of it."""
    if isinstance(array, Tensor):
        return array.untyped_storage().data_ptr()
    while isinstance(array.base, np.ndarray):
        array = array.base
    return int(array.__array_interface__["data"][0])


def _arrays(values: Iterable[Any], skipped: tuple[type, ...], visited: set[int]) -> Iterator[tuple[AnyArray, int]]:
    """Yield every tensor and array, with the bytes of its storage."""
    for value in values:
        if id(value) in visited or isinstance(value, (type, *skipped)):
            continue
        visited.add(id(value))
        if isinstance(value, Tensor):
            yield value, value.untyped_storage().nbytes()
        elif isinstance(value, np.ndarray):
            yield value, value.nbytes if value.base is None else getattr(value.base, "nbytes", value.nbytes)
        else:
            yield from _arrays(_contents(value), skipped, visited)


def _contents(value: Any) -> Iterable[Any]:
    if isinstance(value, Optimizer):
        return value.state.values()
    if isinstance(value, Mapping):
        return value.values()
    if isinstance(value, (list, tuple, set, frozenset, deque)):
        return value
    return vars(value).values() if type(value).__module__.split(".")[0] == "neuronet" and hasattr(value, "__dict__") else ()
