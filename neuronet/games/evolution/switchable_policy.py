"""Neurons that may change sides: one policy that plays any of several, neuron by neuron, as its memory says.

Networks whose neurons follow the policies in different numbers can so be played at once, as replicas of one engine, and a neuron
changes its policy by a number in the state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import NeuroNetError
from neuronet.core.observation import OPTIONAL_FIELDS, Birth, Observation
from neuronet.core.policy import Policy
from neuronet.policies.attention.attention_seeking import AttentionSeeking

POLICY_INDEX = "policy_index"
"""What the memory calls the number of the policy that a neuron plays."""


@dataclass(frozen=True)
class SwitchablePolicy(Policy):
    """Plays the first of several policies, or whichever its memory `policy_index` says, counted from 0.

    Every neuron's verbs are those of its policy; what it keeps for the others stays as it is.

    Args:
        policies: Which there are, two or more, all different.

    Raises:
        NeuroNetError: There are fewer, or one is named twice.
    """

    policies: tuple[Policy, ...] = field(default_factory=lambda: (AttentionSeeking(), AttentionSeeking(p=1)))

    def __post_init__(self) -> None:
        if len(self.policies) < 2 or any(each in self.policies[:index] for index, each in enumerate(self.policies)):
            raise NeuroNetError(f"neurons need two policies or more to choose from, all different, got {self.policies!r}")

    @property
    def needs(self) -> frozenset[str]:
        """What any of them needs."""
        return frozenset().union(*(each.needs for each in self.policies))

    @property
    def memory_axes(self) -> Mapping[str, str]:
        """Which side a neuron is on, and what each policy keeps, under its number."""
        inner = {f"{n}.{name}": axes for n, each in enumerate(self.policies) for name, axes in each.memory_axes.items()}
        return {POLICY_INDEX: "J", **inner}

    @property
    def hooks(self) -> frozenset[str]:
        """Those that any of them answers in its own way."""
        return frozenset({"initial_memory"}).union(*(each.hooks for each in self.policies))

    @property
    def stochastic(self) -> bool:
        """Whether any of them is."""
        return any(each.stochastic for each in self.policies)

    @property
    def linear(self) -> bool:
        """Whether all of them are."""
        return all(each.linear for each in self.policies)

    def _policy_views(self, obs: Observation, memory: Memory) -> list[tuple[Policy, Observation, Memory]]:
        return [(each, _observation_for(obs, each, n), _memory_of(memory, n)) for n, each in enumerate(self.policies)]

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """Each neuron's policy's feedback weights."""
        outputs = [each.feedback_weights(view, wrapped_memory) for each, view, wrapped_memory in self._policy_views(obs, memory)]
        return _select(obs, memory[POLICY_INDEX][..., None, :], outputs)

    def speak(self, activity: Array, obs: Observation, memory: Memory) -> Array:
        """Each neuron's policy's word."""
        outputs = [each.speak(activity, view, wrapped_memory) for each, view, wrapped_memory in self._policy_views(obs, memory)]
        return _select(obs, memory[POLICY_INDEX][..., None, :], outputs)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Each neuron's policy's feedback."""
        if self.linear:
            return obs.demand @ self.feedback_weights(obs, memory)
        outputs = [each.feedback(view, wrapped_memory) for each, view, wrapped_memory in self._policy_views(obs, memory)]
        return _select(obs, memory[POLICY_INDEX][..., None, :], outputs)

    def demand(self, feedback: Array, obs: Observation, memory: Memory) -> Array:
        """Each neuron's policy's demand."""
        outputs = [each.demand(feedback, view, wrapped_memory) for each, view, wrapped_memory in self._policy_views(obs, memory)]
        return _select(obs, memory[POLICY_INDEX][..., None, :], outputs)

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Each neuron's policy's change."""
        outputs = [each.adapt(response, view, wrapped_memory) for each, view, wrapped_memory in self._policy_views(obs, memory)]
        return _select(obs, memory[POLICY_INDEX][..., None], outputs)

    def initial_memory(self, birth: Birth) -> Memory:
        """Everybody plays the first policy, and is born for each."""
        inner = {
            f"{n}.{name}": array
            for n, each in enumerate(self.policies)
            for name, array in each.initial_memory(Birth(birth.draws.scoped(str(n)), birth.zeros)).items()
        }
        return {POLICY_INDEX: birth.zeros("J"), **inner}

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """What each policy remembers, for those who play it; the others keep what they had."""
        found = {POLICY_INDEX: memory[POLICY_INDEX]}
        for n, (each, view, wrapped_memory) in enumerate(self._policy_views(obs, memory)):
            for name, array in each.remember(change, response, view, wrapped_memory).items():
                mine = memory[POLICY_INDEX] == n
                axes = self.memory_axes[f"{n}.{name}"]
                found[f"{n}.{name}"] = obs.xp.where(mine[(..., *([None] * (len(axes) - 1)))], array, wrapped_memory[name])
        return found


def _observation_for(obs: Observation, policy: Policy, number: int) -> Observation:
    """What one of the policies may see, with random numbers of its own."""
    hidden = OPTIONAL_FIELDS - policy.needs

    def get_field(name: str) -> object:
        if name in hidden:
            raise KeyError(name)
        return getattr(obs, name)

    return Observation(get_field, draws=obs.draws.scoped(str(number)))


def _memory_of(memory: Memory, number: int) -> Memory:
    prefix = f"{number}."
    return {name.removeprefix(prefix): array for name, array in memory.items() if name.startswith(prefix)}


def _select(obs: Observation, policy_index: Array, outputs: list[Array]) -> Array:
    """Of each neuron the answer of its own policy."""
    found = outputs[0]
    for number, output in enumerate(outputs[1:], start=1):
        found = obs.xp.where(policy_index == number, output, found)
    return found


def reset_memory(
    memory: dict[str, NDArray[Any]], birth: Mapping[str, NDArray[Any]], changed: NDArray[np.bool_], policy_index: NDArray[Any]
) -> None:
    """Let neurons change sides, in place: they go on with the memory that they were born with for their new policy.

    Args:
        memory: What they keep, by name, (R, J, ...).
        birth: The same at the start of the game.
        changed: Who changes, (R, J).
        policy_index: To which policy, (R, J); looked at only where somebody changes.
    """
    memory[POLICY_INDEX][changed] = policy_index[changed]
    for name, array in memory.items():
        number = name.partition(".")[0]
        if number.isdigit():
            mine = changed & (policy_index == int(number))
            array[mine] = birth[name][mine]
