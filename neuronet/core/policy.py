"""The contract of a policy: how a self-interested neuron plays.

A round has four moments at which a policy may have a say. Each verb sees what a neuron can see (`Observation`) and what the
policy keeps for it (`memory`); each is written for J neurons at once, without loops over neurons, and must treat every neuron
by itself: the agent engine calls it with J = 1, the tensor engine with a whole layer.

    speak      what I say                    default: my activity, unchanged
    feedback   how I want my activity to move                  the one verb every policy answers
    demand     what I ask of my potential    default: feedback times slope
    adapt      how I change my attention     default: the response, unchanged
    remember   what I keep for the next round                  default: what I kept before

A policy is a frozen dataclass whose fields are its parameters, and it holds no state: what it keeps is in its memory, which the
engine owns, saves and hands over.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import final

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import NeuroNetError
from neuronet.core.observation import OPTIONAL_FIELDS, Birth, Observation

MEMORY_AXIS_LETTERS = "JKISO"
"""The letters of what a policy keeps."""

OPTIONAL_HOOKS = ("speak", "demand", "adapt", "initial_memory", "remember")

__all__ = ["OPTIONAL_FIELDS", "Birth", "LinearPolicy", "Observation", "Policy", "Wrapper"]


class Policy(ABC):
    """The strategy of a neuron.

    Subclass it as a frozen dataclass and answer `feedback`; override other verbs where the strategy differs from the default.
    """

    @property
    def needs(self) -> frozenset[str]:
        """Sights that must be asked for: any of "response", "broadcast", "reward", "synapses", "synapse_mask"."""
        return frozenset()

    @property
    def memory_axes(self) -> Mapping[str, str]:
        """The memory's arrays by name, with their axes in letters, neuron axis first: `{"income": "JS"}`.

        Without a neuron axis it is what all neurons of a layer would keep alike, and so keep in common: `{"promised": "SS"}`.
        That takes a layer whose neurons all hear the whole layer below.
        """
        return {}

    @property
    def hooks(self) -> frozenset[str]:
        """The optional verbs that this policy answers in its own way; engines leave out the others."""
        return frozenset(hook for hook in OPTIONAL_HOOKS if getattr(type(self), hook) is not getattr(Policy, hook))

    @property
    def stochastic(self) -> bool:
        """Whether it draws random numbers in a round; those of its birth do not count."""
        return False

    @property
    def linear(self) -> bool:
        """Whether its feedback is `demand @ feedback_weights(obs, memory)`, so that engines may make that product themselves."""
        return False

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """How much each listener's demand counts with each neuron, (..., K, J); only where the policy is linear."""
        raise NeuroNetError(f"{self!r} is not linear in the demands: it has feedback, but no feedback_weights")

    def speak(self, activity: Array, obs: Observation, memory: Memory) -> Array:
        """What the neurons say, (..., B, J), given the activity that their potential calls for."""
        return activity

    @abstractmethod
    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """How the neurons want their own activity to move, (..., B, J)."""

    def demand(self, feedback: Array, obs: Observation, memory: Memory) -> Array:
        """How the neurons want their own potential to move, (..., B, J); their speakers hear it."""
        return feedback * obs.slope

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """How the neurons change the attention they pay, per unit of learning rate, (..., J, S).

        Args:
            response: (..., J, S), the plain intention: `demand.T @ speaker_activity / B` for each speaker and, last, the mean
                demand for the neuron's own bias.
            obs: What the neurons saw in this round.
            memory: What the policy keeps.
        """
        return response

    def initial_memory(self, birth: Birth) -> Memory:
        """The memory that neurons are born with: zeros, unless the strategy says otherwise."""
        return {name: birth.zeros(axes) for name, axes in self.memory_axes.items()}

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """The memory for the next round, at the end of this one.

        Args:
            change: (..., J, S), how the attention they pay (and, last, their bias) has just changed.
            response: (..., J, S), the plain intention, as in `adapt`.
            obs: What the neurons saw in this round.
            memory: What the policy kept so far; do not write into it.
        """
        return memory


def check_axes(name: str, axes: str) -> None:
    """Refuse axes that a memory cannot have.

    Raises:
        NeuroNetError: Unknown letters, no neuron axis in front, or one twice.
    """
    odd = next((letter for letter in axes if letter not in MEMORY_AXIS_LETTERS), None)
    if odd is not None or not axes:
        raise NeuroNetError(f"memory '{name}' must have axes among J, K, I, S, O, got '{axes}'")
    if "J" in axes and (not axes.startswith("J") or len(set(axes)) < len(axes)):
        raise NeuroNetError(f"memory '{name}' must have the neuron axis J first and no axis twice, got '{axes}'")


def shared_memory_names(policy: Policy) -> list[str]:
    """What of a policy's memory the neurons of a layer keep in common, by name: only where all of them hear all speakers."""
    return [name for name, axes in policy.memory_axes.items() if "J" not in axes]


class LinearPolicy(Policy):
    """A policy whose feedback is linear in the demands: `feedback = demand @ feedback_weights`.

    The author gives `feedback_weights` alone, such as a sign, a mask, or a measure's slope.
    """

    @property
    @final
    def linear(self) -> bool:
        """It is."""
        return True

    @abstractmethod
    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """How much each listener's demand counts with each neuron, (..., K, J); it may not depend on single samples."""

    @final
    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """The demands, weighed: (..., B, K) times (..., K, J)."""
        return obs.demand @ self.feedback_weights(obs, memory)


class Wrapper(Policy):
    """A policy that holds another one and changes some of its answers.

    A subclass declares the field `policy: Policy` and overrides the verbs it changes; inside them, `super().feedback(...)` is the
    held policy's answer. Memory of its own is declared in `own_memory_axes`, needs in `own_needs`, and draws of its own by
    `own_stochastic = True`.
    """

    policy: Policy

    def __init__(self) -> None:
        raise TypeError("Wrapper must be subclassed, as a frozen dataclass with a field `policy`")

    own_needs: frozenset[str] = frozenset()
    own_memory_axes: Mapping[str, str] = {}
    own_stochastic: bool = False

    @property
    @final
    def needs(self) -> frozenset[str]:
        """Its own needs and those of the policy it holds."""
        return self.own_needs | self.policy.needs

    @property
    @final
    def memory_axes(self) -> Mapping[str, str]:
        """Its own memory, and the held policy's under the prefix "policy."."""
        return {**self.own_memory_axes, **{f"policy.{name}": axes for name, axes in self.policy.memory_axes.items()}}

    @property
    @final
    def hooks(self) -> frozenset[str]:
        """The verbs that it or the policy it holds answers in its own way."""
        own = {hook for hook in OPTIONAL_HOOKS if getattr(type(self), hook) is not getattr(Wrapper, hook)}
        return self.policy.hooks | own

    @property
    @final
    def stochastic(self) -> bool:
        """Whether it or the policy it holds draws random numbers in a round."""
        return self.own_stochastic or self.policy.stochastic

    @property
    @final
    def linear(self) -> bool:
        """Whether the held policy is, and its feedback is left alone."""
        return type(self).feedback is Wrapper.feedback and self.policy.linear

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """The held policy's feedback weights."""
        return self.policy.feedback_weights(obs.for_wrapped_policy(self.policy.needs), wrapped_memory(memory))

    def speak(self, activity: Array, obs: Observation, memory: Memory) -> Array:
        """The held policy's word."""
        return self.policy.speak(activity, obs.for_wrapped_policy(self.policy.needs), wrapped_memory(memory))

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """The held policy's feedback."""
        return self.policy.feedback(obs.for_wrapped_policy(self.policy.needs), wrapped_memory(memory))

    def demand(self, feedback: Array, obs: Observation, memory: Memory) -> Array:
        """The held policy's demand."""
        return self.policy.demand(feedback, obs.for_wrapped_policy(self.policy.needs), wrapped_memory(memory))

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """The held policy's change."""
        return self.policy.adapt(response, obs.for_wrapped_policy(self.policy.needs), wrapped_memory(memory))

    def initial_memory(self, birth: Birth) -> Memory:
        """Zeros for its own memory; the held policy starts its own."""
        own = {name: birth.zeros(axes) for name, axes in self.own_memory_axes.items()}
        return {**own, **_prefixed(self.policy.initial_memory(birth.for_wrapped_policy()))}

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Its own memory unchanged, and what the held policy remembers."""
        inner = self.policy.remember(change, response, obs.for_wrapped_policy(self.policy.needs), wrapped_memory(memory))
        own = {name: memory[name] for name in self.own_memory_axes}
        return {**own, **_prefixed(inner)}


def wrapped_memory(memory: Memory) -> Memory:
    """The part of a wrapper's memory that belongs to the policy it holds."""
    if not memory:
        return memory
    return {name.removeprefix("policy."): array for name, array in memory.items() if name.startswith("policy.")}


def _prefixed(memory: Memory) -> Memory:
    return {f"policy.{name}": array for name, array in memory.items()}
