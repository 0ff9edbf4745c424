"""The contract of a policy: the strategy of a self-interested neuron.

A round has six hooks. Each receives what a neuron can see (`Observation`) and the policy's memory (`memory`). A hook computes
J neurons at a time, without loops over neurons, and treats every neuron independently: the agent engine calls it with J = 1,
the tensor engine with a whole layer.

    speak      activity that the neuron says          default: its activity, unchanged
    feedback   desired change of its activity         required
    demand     desired change of its potential        default: feedback times slope
    scales     factors of its demand and its change   default: 1
    adapt      change of its own synapses             default: the response, unchanged
    remember   memory for the next round              default: unchanged

A policy is a frozen dataclass with its parameters as fields. It has no state: its memory is owned by the engine, which saves
it and passes it to every hook.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import NamedTuple, final

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import ConfigurationError, PolicyError, shown
from neuronet.core.feedback_form import FeedbackForm, Projection
from neuronet.core.observation import OPTIONAL_FIELDS, Birth, Observation

OPTIONAL_HOOKS = ("speak", "demand", "scales", "adapt", "initial_memory", "remember")

__all__ = ["OPTIONAL_FIELDS", "Birth", "LinearPolicy", "Observation", "Policy", "Scales", "Wrapper"]


class Scales(NamedTuple):
    """Factors of neurons; None stands for 1.

    Attributes:
        demand: (..., J), factor of the demand that the speakers hear.
        weights: (..., J), factor of the change of the weights.
        bias: (..., J), factor of the change of the bias.
    """

    demand: Array | None = None
    weights: Array | None = None
    bias: Array | None = None


class Policy(ABC):
    """Strategy of a neuron.

    Subclass it as a frozen dataclass and implement `feedback`; override other hooks where the strategy differs from the default.
    """

    @property
    def needs(self) -> frozenset[str]:
        """Optional fields that the policy reads: any of `neuronet.core.OPTIONAL_FIELDS`."""
        return frozenset()

    @property
    def memory_axes(self) -> Mapping[str, str]:
        """Memory arrays by name, with their axes in letters, neuron axis first: `{"income": "JS"}`.

        Without a neuron axis the array is shared by all neurons of a layer: `{"projector": "SS"}`. This requires a layer whose
        neurons all hear the whole layer below.
        """
        return {}

    @property
    def hooks(self) -> frozenset[str]:
        """Names of the optional hooks that this policy overrides; engines skip the others."""
        return frozenset(hook for hook in OPTIONAL_HOOKS if getattr(type(self), hook) is not getattr(Policy, hook))

    @property
    def stochastic(self) -> bool:
        """Whether the policy draws random numbers in a round; draws at birth do not count."""
        return False

    @property
    def linear(self) -> bool:
        """Whether feedback is `demand @ feedback_weights(obs, memory)`, so that engines may compute that product themselves."""
        return False

    @property
    def form(self) -> FeedbackForm | None:
        """Form of the feedback, if engines may compile it without calling the policy; None by default."""
        return None

    @property
    def projection(self) -> Projection | None:
        """Form of `adapt` and `remember`, if engines may compute it without calling them; None by default."""
        return None

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """Return the weight of each listener's demand for each neuron, (..., K, J); only for linear policies."""
        raise PolicyError(f"{self!r} is not linear: it has feedback, but no feedback_weights")

    def speak(self, activity: Array, obs: Observation, memory: Memory) -> Array:
        """Return what the neurons say, (..., B, J), given the activity at their potential."""
        return activity

    @abstractmethod
    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return the desired change of the neurons' own activity, (..., B, J)."""

    def demand(self, feedback: Array, obs: Observation, memory: Memory) -> Array:
        """Return the desired change of the neurons' own potential, (..., B, J), which their speakers hear.

        Output neurons are asked, too; the environment gives them their feedback.
        """
        return feedback * obs.slope

    def scales(self, response: Array, obs: Observation, memory: Memory) -> Scales:
        """Return the factors by which the neurons multiply their demand and the change of their synapses.

        Speakers see the demand, and the response, multiplied by the first; what `adapt` returns is multiplied by the others.

        Args:
            response: (..., J, S), the default change, as in `adapt`; also where a neuron is frozen.
            obs: Observation of this round.
            memory: The policy's memory.
        """
        return Scales()

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return the change of the neurons' own synapses per unit of learning rate, (..., J, S).

        Args:
            response: (..., J, S), the default change: `demand.T @ speaker_activity / B` for each speaker and, last, the mean
                demand for the neuron's own bias.
            obs: Observation of this round.
            memory: The policy's memory.
        """
        return response

    def initial_memory(self, birth: Birth) -> Memory:
        """Return the memory of new neurons: zeros by default."""
        return {name: birth.zeros(axes) for name, axes in self.memory_axes.items()}

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return the memory for the next round; called at the end of a round.

        Args:
            change: (..., J, S), the actual change of the neurons' synapses (and, last, of their bias).
            response: (..., J, S), the default change per unit of learning rate, as in `adapt`.
            obs: Observation of this round.
            memory: The memory so far; do not write into it.
        """
        return memory


class LinearPolicy(Policy):
    """Policy with a feedback that is linear in the demands: `feedback = demand @ feedback_weights`.

    A subclass implements `feedback_weights` alone, such as a sign, a mask, or a measure's slope.
    """

    @property
    @final
    def linear(self) -> bool:
        """Always True: linear policies compute feedback as `demand @ feedback_weights`."""
        return True

    @abstractmethod
    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """Return the weight of each listener's demand for each neuron, (..., K, J); it may not depend on single samples."""

    @final
    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return `demand @ feedback_weights`: (..., B, K) times (..., K, J)."""
        return obs.demand @ self.feedback_weights(obs, memory)


class Wrapper(Policy):
    """Policy that contains another policy and changes some of its hooks.

    A subclass declares the field `policy: Policy` and overrides hooks; inside them, `super().feedback(...)` is the wrapped
    policy's result. It declares its own memory in `own_memory_axes`, its own needs in `own_needs`, and `own_stochastic = True`
    if it draws random numbers itself.

    Raises:
        ConfigurationError: `policy` is not a policy.
    """

    policy: Policy

    def __init__(self) -> None:
        raise TypeError("Wrapper must be subclassed, as a frozen dataclass with a field `policy`")

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Policy):
            raise ConfigurationError(f"{type(self).__name__} wraps a policy, got {shown(self.policy)}")

    @property
    def own_needs(self) -> frozenset[str]:
        """Optional fields that the wrapper itself reads."""
        return frozenset()

    @property
    def own_memory_axes(self) -> Mapping[str, str]:
        """Memory arrays of the wrapper itself, by name, with their axes in letters."""
        return {}

    @property
    def own_stochastic(self) -> bool:
        """Whether the wrapper itself draws random numbers in a round."""
        return False

    @property
    @final
    def needs(self) -> frozenset[str]:
        """Its own needs and those of the wrapped policy."""
        return self.own_needs | self.policy.needs

    @property
    @final
    def memory_axes(self) -> Mapping[str, str]:
        """Its own memory, and the wrapped policy's under the prefix "policy."."""
        return {**self.own_memory_axes, **{f"policy.{name}": axes for name, axes in self.policy.memory_axes.items()}}

    @property
    @final
    def hooks(self) -> frozenset[str]:
        """Names of the hooks that the wrapper or the wrapped policy overrides."""
        own = {hook for hook in OPTIONAL_HOOKS if getattr(type(self), hook) is not getattr(Wrapper, hook)}
        return self.policy.hooks | own

    @property
    @final
    def stochastic(self) -> bool:
        """Whether the wrapper or the wrapped policy draws random numbers in a round."""
        return self.own_stochastic or self.policy.stochastic

    @property
    @final
    def linear(self) -> bool:
        """Whether the wrapped policy is linear and its feedback is unchanged."""
        return type(self).feedback is Wrapper.feedback and self.policy.linear

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        """Return the wrapped policy's feedback weights."""
        return self.policy.feedback_weights(obs.for_wrapped_policy(self.policy.needs), wrapped_memory(memory))

    def speak(self, activity: Array, obs: Observation, memory: Memory) -> Array:
        """Return what the wrapped policy says."""
        return self.policy.speak(activity, obs.for_wrapped_policy(self.policy.needs), wrapped_memory(memory))

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        """Return the wrapped policy's feedback; that of a linear policy by `feedback_weights`, which a wrapper may override."""
        if self.linear:
            return obs.demand @ self.feedback_weights(obs, memory)
        return self.policy.feedback(obs.for_wrapped_policy(self.policy.needs), wrapped_memory(memory))

    def demand(self, feedback: Array, obs: Observation, memory: Memory) -> Array:
        """Return the wrapped policy's demand."""
        return self.policy.demand(feedback, obs.for_wrapped_policy(self.policy.needs), wrapped_memory(memory))

    def scales(self, response: Array, obs: Observation, memory: Memory) -> Scales:
        """Return the wrapped policy's factors."""
        return self.policy.scales(response, obs.for_wrapped_policy(self.policy.needs), wrapped_memory(memory))

    def adapt(self, response: Array, obs: Observation, memory: Memory) -> Array:
        """Return the wrapped policy's change."""
        return self.policy.adapt(response, obs.for_wrapped_policy(self.policy.needs), wrapped_memory(memory))

    def initial_memory(self, birth: Birth) -> Memory:
        """Return zeros for its own memory, and the wrapped policy's initial memory."""
        own = {name: birth.zeros(axes) for name, axes in self.own_memory_axes.items()}
        return {**own, **_prefixed(self.policy.initial_memory(birth.for_wrapped_policy()))}

    def remember(self, change: Array, response: Array, obs: Observation, memory: Memory) -> Memory:
        """Return its own memory unchanged, and what the wrapped policy remembers."""
        inner = self.policy.remember(change, response, obs.for_wrapped_policy(self.policy.needs), wrapped_memory(memory))
        own = {name: memory[name] for name in self.own_memory_axes}
        return {**own, **_prefixed(inner)}


def wrapped_memory(memory: Memory) -> Memory:
    """Return the part of a wrapper's memory that belongs to the wrapped policy."""
    if not memory:
        return memory
    return {name.removeprefix("policy."): array for name, array in memory.items() if name.startswith("policy.")}


def _prefixed(memory: Memory) -> Memory:
    return {f"policy.{name}": array for name, array in memory.items()}
