"""Policy that follows one of several policies per neuron, selected by its memory.

Networks with different numbers of neurons per policy can so be replicas of one engine, and a neuron changes its policy by a
number in the state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import OPTIONAL_FIELDS, Array, Birth, ConfigurationError, Memory, Observation, Policy, Scales
from neuronet.policies import AttentionSeeking

POLICY_INDEX = "policy_index"
"""Name of the memory that holds the index of each neuron's policy."""


@dataclass(frozen=True)
class SwitchablePolicy(Policy):
    """Policy that follows, for each neuron, the policy with the index in its memory; index 0 at birth.

    The hooks of each neuron are those of its present policy; the memory of the other policies does not change.

    Args:
        policies: Two or more different policies.

    Raises:
        ConfigurationError: There are fewer, or two are equal.
    """

    policies: tuple[Policy, ...] = field(default_factory=lambda: (AttentionSeeking(), AttentionSeeking(p=1)))

    def __post_init__(self) -> None:
        if len(self.policies) < 2 or any(policy in self.policies[:index] for index, policy in enumerate(self.policies)):
            raise ConfigurationError(f"policies must be two or more, all different, got {self.policies!r}")

    @property
    def needs(self) -> frozenset[str]:
        """Return the observation fields that any of the policies needs."""
        return frozenset().union(*(policy.needs for policy in self.policies))

    @property
    def memory_axes(self) -> Mapping[str, str]:
        """Return the axes of the policy index, and of each policy's memory under the prefix of its index."""
        inner = {f"{n}.{name}": axes for n, policy in enumerate(self.policies) for name, axes in policy.memory_axes.items()}
        return {POLICY_INDEX: "J", **inner}

    @property
    def hooks(self) -> frozenset[str]:
        """Return the hooks that any of the policies overrides."""
        return frozenset({"initial_memory"}).union(*(policy.hooks for policy in self.policies))

    @property
    def stochastic(self) -> bool:
        """Return whether any of the policies draws random numbers."""
        return any(policy.stochastic for policy in self.policies)

    @property
    def linear(self) -> bool:
        """Return whether all policies are linear."""
        return all(policy.linear for policy in self.policies)

    def _views(self, obs: Observation, memory: Memory) -> list[tuple[Policy, Observation, Memory]]:
        return [(policy, _observation_for(obs, policy, n), _memory_of(memory, n)) for n, policy in enumerate(self.policies)]

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """Return each neuron's feedback weights, (..., K, J)."""
        outputs = [policy.feedback_weights(view, inner) for policy, view, inner in self._views(obs, memory)]
        return _select(obs, memory[POLICY_INDEX][..., None, :], outputs)

    def speak(self, activity: Array, obs: Observation, memory: Memory) -> Array:
        """Return each neuron's activity, (..., B, J)."""
        outputs = [policy.speak(activity, view, inner) for policy, view, inner in self._views(obs, memory)]
        return _select(obs, memory[POLICY_INDEX][..., None, :], outputs)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return each neuron's feedback, (..., B, J)."""
        if self.linear:
            return obs.demand @ self.feedback_weights(obs, memory)
        outputs = [policy.feedback(view, inner) for policy, view, inner in self._views(obs, memory)]
        return _select(obs, memory[POLICY_INDEX][..., None, :], outputs)

    def demand(self, feedback: Array, obs: Observation, memory: Memory) -> Array:
        """Return each neuron's demand, (..., B, J)."""
        outputs = [policy.demand(feedback, view, inner) for policy, view, inner in self._views(obs, memory)]
        return _select(obs, memory[POLICY_INDEX][..., None, :], outputs)

    def scales(self, response: Array, obs: Observation, memory: Memory) -> Scales:
        """Return each neuron's factors, (..., J)."""
        outputs = [policy.scales(response, view, inner) for policy, view, inner in self._views(obs, memory)]
        ones = obs.xp.ones_like(response[..., 0])
        parts = ([ones if part is None else part for part in column] for column in zip(*outputs, strict=True))
        return Scales(*(_select(obs, memory[POLICY_INDEX], list(column)) for column in parts))

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return each neuron's intended change, (..., J, S)."""
        outputs = [policy.adapt(response, view, inner) for policy, view, inner in self._views(obs, memory)]
        return _select(obs, memory[POLICY_INDEX][..., None], outputs)

    def initial_memory(self, birth: Birth) -> Memory:
        """Return index 0 for all neurons, and the initial memory of each policy."""
        inner = {
            f"{n}.{name}": array
            for n, policy in enumerate(self.policies)
            for name, array in policy.initial_memory(Birth(birth.draws.scoped(str(n)), birth.zeros)).items()
        }
        return {POLICY_INDEX: birth.zeros("J"), **inner}

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return the memory with each policy's update for its own neurons, and unchanged for the others."""
        result = {POLICY_INDEX: memory[POLICY_INDEX]}
        for n, (policy, view, inner) in enumerate(self._views(obs, memory)):
            members = memory[POLICY_INDEX] == n
            for name, array in policy.remember(change, response, view, inner).items():
                axes = self.memory_axes[f"{n}.{name}"]
                result[f"{n}.{name}"] = obs.xp.where(members[(..., *([None] * (len(axes) - 1)))], array, inner[name])
        return result


def _observation_for(obs: Observation, policy: Policy, number: int) -> Observation:
    """Return the observation with the fields that a policy needs, and with random draws of its own."""
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
    """Select each neuron's output from that of its policy."""
    selected = outputs[0]
    for number, output in enumerate(outputs[1:], start=1):
        selected = obs.xp.where(policy_index == number, output, selected)
    return selected


def reset_memory(
    memory: dict[str, NDArray[Any]], initial: Mapping[str, NDArray[Any]], changed: NDArray[np.bool_], policy_index: NDArray[Any]
) -> None:
    """Switch the policy of neurons in place; their memory for the new policy becomes its initial value.

    Args:
        memory: Memory by name, (R, J, ...).
        initial: Initial memory by name, in the same shapes.
        changed: Neurons that switch, (R, J).
        policy_index: New policy indices, (R, J); ignored where `changed` is False.
    """
    memory[POLICY_INDEX][changed] = policy_index[changed]
    for name, array in memory.items():
        number = name.partition(".")[0]
        if number.isdigit():
            mask = changed & (policy_index == int(number))
            array[mask] = initial[name][mask]
