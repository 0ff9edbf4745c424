"""Shards of batches for several processes, and policies that see the whole batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, distributed

from neuronet.core import AXES, Array, Birth, DelegatingPolicy, Group, Memory, Observation, Policy, Scales, WorkerError
from neuronet.engines.base.setup import Setup
from neuronet.engines.tensors.data_parallel.reducer import Reducer


class BatchShard(Reducer):
    """The contiguous slice of each batch that one process plays; slice sizes differ by at most one.

    A process with an empty slice plays sample 0 with weight 0, so that collectives still match.

    Args:
        rank: Rank of this process, from 0.
        count: Number of processes.

    Attributes:
        batch: Samples in the whole batch; 0 while every process plays whole batches.
        indices: This process's slice of the batch.
        weight: Fraction of the batch in that slice, 0 to 1.
    """

    is_distributed = True

    def __init__(self, rank: int, count: int) -> None:
        self._rank, self._count = rank, count
        self._sizes: list[int] = []
        self.end()

    def begin(self, batch: int) -> None:
        """Begin rounds of batches of this size."""
        self.batch = batch
        self._sizes = [batch // self._count + (rank < batch % self._count) for rank in range(self._count)]
        start, own = sum(self._sizes[: self._rank]), self._sizes[self._rank]
        self.indices = slice(start, start + own) if own else slice(0, 1)
        self.weight = own / batch

    def end(self) -> None:
        """Return to whole batches after the last round of a batch size."""
        self.batch, self.indices, self.weight = 0, slice(None), 1.0
        self._sizes = []

    @contextmanager
    def for_batch(self, batch: int) -> Iterator[None]:
        """Return a context for rounds of batches of this size."""
        self.begin(batch)
        try:
            yield
        finally:
            self.end()

    def batch_size(self, local: int) -> int:
        """Return the number of samples in the whole batch, given those of this process."""
        return self.batch or local

    def local(self, whole: Array, axis: int) -> Array:
        """Return this process's part of an array of the whole batch; the axis of samples is -1 for the last."""
        return whole[(..., self.indices, *([slice(None)] * (-axis - 1)))]

    def gather(self, part: Tensor, axis: int) -> Tensor:
        """Return the parts of all processes, joined along the axis of samples."""
        if not self.batch:
            return part
        short = max(self._sizes) - part.shape[axis]
        if short:
            part = torch.cat(
                (part, torch.zeros_like(part.narrow(axis, 0, 1)).expand(_resized_shape(part, axis, short))), dim=axis
            )
        parts = [torch.empty_like(part, memory_format=torch.contiguous_format) for _ in self._sizes]
        _run_collective(distributed.all_gather, parts, part.contiguous())
        return torch.cat([other.narrow(axis, 0, size) for other, size in zip(parts, self._sizes, strict=True)], dim=axis)

    def average(self, response: Tensor | None) -> None:
        """Turn a mean over this process's samples into the mean over the whole batch, in place."""
        if response is not None:
            response.mul_(self.weight)
            self.all_reduce_sum(response)

    @staticmethod
    def all_reduce_sum(part: Tensor) -> None:
        """Sum an array over all processes, in place."""
        if part.is_contiguous():
            _run_collective(distributed.all_reduce, part)
            return
        copy = part.contiguous()
        _run_collective(distributed.all_reduce, copy)
        part.copy_(copy)


def _resized_shape(array: Tensor, axis: int, size: int) -> list[int]:
    shape = list(array.shape)
    shape[axis] = size
    return shape


def _run_collective(collective: Callable[..., object], *arguments: Any) -> None:
    try:
        collective(*arguments)
    except RuntimeError as error:
        raise WorkerError(f"distributed communication failed: restart the processes, or resume the run ({error})") from error


class GatheredPolicy(DelegatingPolicy):
    """Policy that sees the whole batch and returns this process's part of its answers.

    Args:
        policy: The policy that answers.
        shard: This process's part of each batch.
    """

    def __init__(self, policy: Policy, shard: BatchShard) -> None:
        self.policy = policy
        self._shard = shard
        self._cached: tuple[Observation, Observation] | None = None

    def __repr__(self) -> str:
        return repr(self.policy)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GatheredPolicy) and self.policy == other.policy

    def __hash__(self) -> int:
        return hash(self.policy)

    def _gathered_observation(self, obs: Observation) -> Observation:
        """Return the observation of the whole batch; each field is gathered when it is first read."""
        if self._cached is None or self._cached[0] is not obs:

            def get_field(name: str) -> object:
                field, axes = getattr(obs, name), AXES.get(name, "")
                return self._shard.gather(field, axes.index("B") - len(axes)) if "B" in axes else field

            self._cached = (obs, Observation(get_field))
        return self._cached[1]

    def _local(self, answer: Any) -> Any:
        fits = getattr(answer, "ndim", 0) > 1 and answer.shape[-2] == self._shard.batch
        return self._shard.local(answer, -2) if fits else answer  # the engine checks the shape

    @property
    def form(self) -> None:
        """None: it must be called, since it gathers what it sees."""
        return

    @property
    def projection(self) -> None:
        """None: its hooks must be called, for the same reason."""
        return

    def speak(self, activity: Array, obs: Observation, memory: Memory) -> Array:
        """Return the policy's activity."""
        said = self._local(self.policy.speak(self._shard.gather(activity, -2), self._gathered_observation(obs), memory))
        self._cached = None  # from now on the observed activity is what the neurons said
        return said

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """Return the policy's feedback weights."""
        return self.policy.feedback_weights(self._gathered_observation(obs), memory)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return the policy's feedback."""
        return self._local(self.policy.feedback(self._gathered_observation(obs), memory))

    def demand(self, feedback: Array, obs: Observation, memory: Memory) -> Array:
        """Return the policy's demand."""
        return self._local(self.policy.demand(self._shard.gather(feedback, -2), self._gathered_observation(obs), memory))

    def scales(self, response: Array, obs: Observation, memory: Memory) -> Scales:
        """Return the policy's factors."""
        return self.policy.scales(response, self._gathered_observation(obs), memory)

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return the policy's intended change."""
        return self.policy.adapt(response, self._gathered_observation(obs), memory)

    def initial_memory(self, birth: Birth) -> Memory:
        """Return the policy's initial memory."""
        return self.policy.initial_memory(birth)

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return the policy's next memory."""
        return self.policy.remember(change, response, self._gathered_observation(obs), memory)


def wrap_policies(setup: Setup, shard: BatchShard) -> Setup:
    """Return the same game with policies that see the whole batch."""
    layers = [setup.groups(layer) for layer in range(1, len(setup.network.sizes))]
    wrapped = [tuple(Group(GatheredPolicy(group.policy, shard), group.members) for group in groups) for groups in layers]
    return replace(setup, policies=tuple(wrapped))
