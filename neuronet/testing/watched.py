"""Search for the policy that gives nan or infinite numbers, by playing a diverged run again with policies that are watched."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import array_api_compat

from neuronet.core import (
    AXES,
    Array,
    Birth,
    DelegatingPolicy,
    DivergedError,
    Group,
    Layers,
    Memory,
    Network,
    NonFiniteError,
    Observation,
    Policy,
    Population,
    Scales,
    own_classes,
)
from neuronet.engines.base import Setup

MAX_INPUT = 1e6
"""Largest number that a policy may have seen if the fault is to be its own: beyond, the network has diverged before."""

MAX_SECONDS = 10.0
"""Seconds after which the search is given up."""


class OutOfTimeError(Exception):
    """The search has taken too long."""


@dataclass(frozen=True)
class WatchedPolicy(DelegatingPolicy):
    """The same policy, which raises an error when it gives nan or infinite numbers for finite ones.

    Attributes:
        policy: The policy.
        layer: Its listening layer, from 1.
        until: Time of the monotonic clock at which the search ends.
    """

    policy: Policy
    layer: int
    until: float

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """Return the policy's feedback weights."""
        return self._checked("feedback_weights", self.policy.feedback_weights(obs, memory), obs, memory)

    def speak(self, activity: Array, obs: Observation, memory: Memory) -> Array:
        """Return what the policy says."""
        return self._checked("speak", self.policy.speak(activity, obs, memory), obs, memory)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return the policy's feedback."""
        if self.linear:
            self.feedback_weights(obs, memory)
        return self._checked("feedback", self.policy.feedback(obs, memory), obs, memory)

    def demand(self, feedback: Array, obs: Observation, memory: Memory) -> Array:
        """Return the policy's demand."""
        return self._checked("demand", self.policy.demand(feedback, obs, memory), obs, memory, feedback)

    def scales(self, response: Array, obs: Observation, memory: Memory) -> Scales:
        """Return the policy's factors."""
        scales = self.policy.scales(response, obs, memory)
        self._checked("scales", scales, obs, memory, response)
        return scales

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return the policy's change."""
        return self._checked("adapt", self.policy.adapt(response, obs, memory), obs, memory, response)

    def initial_memory(self, birth: Birth) -> Memory:
        """Return the policy's initial memory."""
        memory: Memory = self._checked("initial_memory", self.policy.initial_memory(birth), None, {})
        return memory

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return what the policy remembers."""
        kept = self.policy.remember(change, response, obs, memory)
        self._checked("remember", kept, obs, memory, change, response)
        return kept

    def _checked(self, hook: str, answer: Any, obs: Observation | None, memory: Memory, *arguments: Array) -> Any:
        if time.monotonic() > self.until:
            raise OutOfTimeError
        parts = answer.values() if isinstance(answer, Mapping) else answer if isinstance(answer, Scales) else [answer]
        kind = next(filter(None, map(_kind_of_non_finite, parts)), "")
        seen = [*memory.values(), *arguments, *([] if obs is None else _visible(obs))]
        if kind and all(map(_is_moderate, seen)):
            what = {"speak": "activity", "remember": "memory"}.get(hook, hook).replace("initial_memory", "initial memory")
            raise NonFiniteError(f"{_own_name(self.policy)} gave {kind} {what} in layer {self.layer}")
        return answer


@dataclass(frozen=True)
class WatchedPopulation(Population):
    """The same population, with watched policies.

    Attributes:
        population: The population.
        until: As for WatchedPolicy.
    """

    population: Population
    until: float

    def groups(self, network: Network, seed: int) -> Layers:
        """Return the watched policies of each listening layer."""
        layers = self.population.groups(network, seed)
        return tuple(self._watched(layer, number) for number, layer in enumerate(layers, start=1))

    def _watched(self, layer: Policy | tuple[Group, ...], number: int) -> Policy | tuple[Group, ...]:
        if isinstance(layer, Policy):
            return WatchedPolicy(layer, number, self.until)
        return tuple(Group(WatchedPolicy(group.policy, number, self.until), group.members) for group in layer)


def find_non_finite(
    error: DivergedError, setups: Iterable[Setup], population: Population, play_again: Callable[[Population], object]
) -> DivergedError | NonFiniteError:
    """Return the error of a policy that gave nan or infinite numbers of its own, or the given one if there is none.

    Nothing is searched if all policies come with NeuroNet: these give finite numbers for finite ones.

    Args:
        error: What ended the run.
        setups: The games of the run.
        population: The run's policies.
        play_again: Plays the run again with another population.
    """
    if not any(own_classes(policy) for setup in setups for policy in setup.all_policies):
        return error
    try:
        play_again(WatchedPopulation(population, time.monotonic() + MAX_SECONDS))
    except NonFiniteError as found:
        number = _round_of(found)
        where = "at birth" if number is None else f"at round {number}"
        hint = "look for a division by 0, a logarithm, a root or an overflow in it"
        return NonFiniteError(f"policy {found} {where}, although everything that it saw was finite: {hint}")
    except Exception:
        return error
    return error


def _own_name(policy: Policy) -> str:
    return next((cls.__name__ for cls in own_classes(policy)), type(policy).__name__)


def _kind_of_non_finite(array: Any) -> str:
    if getattr(array, "shape", None) is None:
        return ""
    xp = array_api_compat.array_namespace(array)
    if not xp.isdtype(array.dtype, "real floating") or bool(xp.all(xp.isfinite(array))):
        return ""
    return "nan" if bool(xp.any(xp.isnan(array))) else "infinite"


def _is_moderate(array: Any) -> bool:
    if 0 in array.shape:
        return True
    xp = array_api_compat.array_namespace(array)
    return bool(xp.all(xp.isfinite(array))) and float(xp.max(xp.abs(array))) <= MAX_INPUT


def _visible(obs: Observation) -> list[Array]:
    values = (getattr(obs, name, None) for name in AXES)
    return [value for value in values if value is not None]


def _round_of(error: NonFiniteError) -> int | None:
    """Return the number of the round in which an error arose, as the frames of its traceback know it."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        names = frame.f_locals
        context = names.get("context") or getattr(names.get("self"), "context", None)
        number = getattr(context, "number", names.get("number"))
        if isinstance(number, int):
            return number
    return None
