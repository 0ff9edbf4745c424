"""The part of each batch that one of several processes plays, and what it is told of the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, distributed

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import NeuroNetError
from neuronet.core.observation import AXES, Birth, Observation
from neuronet.core.policy import Policy
from neuronet.core.structure.population import Group
from neuronet.engines.base.engine import Setup


class BatchShard:
    """The part of each batch that this process plays: samples in a row, as many as the others have, to one.

    A process for which nothing is left plays the first sample with them, and its part counts nothing.

    Args:
        rank: Which process this is, from 0.
        count: How many there are.

    Attributes:
        batch: Samples in the whole batch; 0 while nobody learns and everybody plays everything.
        indices: Where this process's samples are in it.
        weight: Which part of the batch they are, 0 to 1.
    """

    def __init__(self, rank: int, count: int) -> None:
        self._rank, self._count = rank, count
        self._sizes: list[int] = []
        self.end()

    def begin(self, batch: int) -> None:
        """Rounds of batches of this size begin."""
        self.batch = batch
        self._sizes = [batch // self._count + (each < batch % self._count) for each in range(self._count)]
        start, own = sum(self._sizes[: self._rank]), self._sizes[self._rank]
        self.indices = slice(start, start + own) if own else slice(0, 1)
        self.weight = own / batch

    def end(self) -> None:
        """They are over."""
        self.batch, self.indices, self.weight = 0, slice(None), 1.0
        self._sizes = []

    @contextmanager
    def for_batch(self, batch: int) -> Iterator[None]:
        """Rounds of batches of this size."""
        self.begin(batch)
        try:
            yield
        finally:
            self.end()

    def local(self, whole: Array, axis: int) -> Array:
        """This process's part of an array of the whole batch; the axis of samples is counted from the end, -1 for the last."""
        return whole[(..., self.indices, *([slice(None)] * (-axis - 1)))]

    def gather(self, part: Tensor, axis: int) -> Tensor:
        """The parts of all processes, joined along the axis of samples."""
        if not self.batch:
            return part
        short = max(self._sizes) - part.shape[axis]
        if short:
            part = torch.cat(
                (part, torch.zeros_like(part.narrow(axis, 0, 1)).expand(_resized_shape(part, axis, short))), dim=axis
            )
        parts = [torch.empty_like(part, memory_format=torch.contiguous_format) for _ in self._sizes]
        _run_collective(distributed.all_gather, parts, part.contiguous())
        return torch.cat([each.narrow(axis, 0, size) for each, size in zip(parts, self._sizes, strict=True)], dim=axis)

    def average(self, intents: Tensor) -> None:
        """Make means over this process's samples into means over the batch, in place."""
        intents.mul_(self.weight)
        self.all_reduce_sum(intents)

    @staticmethod
    def all_reduce_sum(part: Tensor) -> None:
        """Add up an array over all processes, in place."""
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
        raise NeuroNetError(f"the processes have lost each other: start them again, or resume the run ({error})") from error


class GatheredPolicy(Policy):
    """A policy that is shown the whole batch and answers for this process's part of it.

    Args:
        policy: Any.
        shard: Which part that is.
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

    @property
    def needs(self) -> frozenset[str]:
        """The policy's."""
        return self.policy.needs

    @property
    def memory_axes(self) -> Mapping[str, str]:
        """The policy's."""
        return self.policy.memory_axes

    @property
    def hooks(self) -> frozenset[str]:
        """The policy's."""
        return self.policy.hooks

    @property
    def stochastic(self) -> bool:
        """Whether the policy is."""
        return self.policy.stochastic

    @property
    def linear(self) -> bool:
        """Whether the policy is."""
        return self.policy.linear

    def _gathered_observation(self, obs: Observation) -> Observation:
        """What the neurons see on all processes, each sight gathered when it is first looked at."""
        if self._cached is None or self._cached[0] is not obs:

            def look(name: str) -> object:
                sight, axes = getattr(obs, name), AXES.get(name, "")
                return self._shard.gather(sight, axes.index("B") - len(axes)) if "B" in axes else sight

            self._cached = (obs, Observation(look))
        return self._cached[1]

    def _local(self, answer: Any) -> Any:
        fits = getattr(answer, "ndim", 0) > 1 and answer.shape[-2] == self._shard.batch
        return self._shard.local(answer, -2) if fits else answer  # the engine refuses what does not fit

    def speak(self, activity: Array, obs: Observation, memory: Memory) -> Array:
        """The policy's word."""
        said = self._local(self.policy.speak(self._shard.gather(activity, -2), self._gathered_observation(obs), memory))
        self._cached = None  # what the neurons see of their own activity is from now on what they said
        return said

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """The policy's feedback weights."""
        return self.policy.feedback_weights(self._gathered_observation(obs), memory)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """The policy's feedback."""
        return self._local(self.policy.feedback(self._gathered_observation(obs), memory))

    def demand(self, feedback: Array, obs: Observation, memory: Memory) -> Array:
        """The policy's demand."""
        return self._local(self.policy.demand(self._shard.gather(feedback, -2), self._gathered_observation(obs), memory))

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """The policy's change."""
        return self.policy.adapt(response, self._gathered_observation(obs), memory)

    def initial_memory(self, birth: Birth) -> Memory:
        """The policy's memory."""
        return self.policy.initial_memory(birth)

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """What the policy remembers."""
        return self.policy.remember(change, response, self._gathered_observation(obs), memory)


def wrap_policies(setup: Setup, shard: BatchShard) -> Setup:
    """The same game for policies that are shown the whole batch."""
    depth = range(1, len(setup.network.sizes))
    return replace(
        setup, policies=[[Group(GatheredPolicy(g.policy, shard), g.members) for g in setup.groups(layer)] for layer in depth]
    )
