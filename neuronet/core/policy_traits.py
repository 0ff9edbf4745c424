"""Traits of a policy: which signals it uses, whether it is stochastic, and which memory it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neuronet.core.errors import PolicyError
from neuronet.core.feedback_form import FeedbackForm, Projection
from neuronet.core.policy import OPTIONAL_HOOKS, Policy

GLOBAL_SIGNALS = {"broadcast": "broadcast", "reward": "reward", "layer_demand": "layer", "layer_response": "layer"}
"""Fields that do not come from a neuron's speakers and listeners, and what a policy that reads them hears."""

MEMORY_AXIS_LETTERS = "JKISO"
"""Axes that an array of a policy's memory can have."""


@dataclass(frozen=True)
class Traits:
    """Traits of a policy. `neuronet.testing.check_policy` verifies the traits that a policy claims.

    Attributes:
        global_signals: Signals from beyond its neighbours, "broadcast", "reward" or "layer"; empty for a local policy.
        linear: Whether its feedback is a weighted sum of its listeners' demands.
        stochastic: Whether it draws random numbers in a round.
        explores: Whether it can say something other than its activity.
        memory_axes: Its memory arrays by name, with their axes in letters.
    """

    global_signals: frozenset[str]
    linear: bool
    stochastic: bool
    explores: bool
    memory_axes: Mapping[str, str]

    @property
    def local(self) -> bool:
        """Whether it uses only its own state and its neighbours' messages."""
        return not self.global_signals

    @property
    def summary(self) -> str:
        """Summary in a few words: "local, linear" or "hears the reward, stochastic, explores, keeps baseline"."""
        signals = "local" if self.local else f"hears the {' and the '.join(sorted(self.global_signals))}"
        flags = {"linear": self.linear, "stochastic": self.stochastic, "explores": self.explores}
        memory = [f"keeps {', '.join(self.memory_axes)}"] if self.memory_axes else []
        return ", ".join([signals, *(name for name, flag in flags.items() if flag), *memory])


def traits_of(policy: Policy) -> Traits:
    """Return the traits that a policy claims by its needs, memory and hooks; a wrapper also has those of the wrapped policy."""
    return Traits(
        global_signals=frozenset(GLOBAL_SIGNALS[name] for name in policy.needs & GLOBAL_SIGNALS.keys()),
        linear=policy.linear,
        stochastic=policy.stochastic,
        explores="speak" in policy.hooks,
        memory_axes=policy.memory_axes,
    )


def trait_rows(policies: Mapping[str, type[Policy]]) -> list[tuple[str, str, str]]:
    """Return name, first docstring line and traits of each policy with default parameters, sorted by name.

    The traits are empty for a policy that has a parameter without a default.
    """
    return [(name, (cls.__doc__ or "").split("\n")[0], _summary(cls)) for name, cls in sorted(policies.items())]


def _summary(cls: type[Policy]) -> str:
    try:
        return traits_of(cls()).summary
    except TypeError:  # a parameter has no default
        return ""


def check_axes(name: str, axes: str) -> None:
    """Raise an error if axes are not valid for a memory array.

    Raises:
        PolicyError: A letter is unknown, the neuron axis is not first, or a letter is repeated.
    """
    if not axes or not set(axes) <= set(MEMORY_AXIS_LETTERS):
        raise PolicyError(f"memory '{name}' must have axes among J, K, I, S, O, got '{axes}'")
    if "J" in axes and (not axes.startswith("J") or len(set(axes)) < len(axes)):
        raise PolicyError(f"memory '{name}' must have the neuron axis J first and no axis twice, got '{axes}'")


def shared_memory_names(policy: Policy) -> list[str]:
    """Return the names of the memory arrays that the neurons of a layer share; all of them must hear all speakers."""
    return [name for name, axes in policy.memory_axes.items() if "J" not in axes]


def form_of(policy: Policy) -> FeedbackForm | None:
    """Return the form that a policy declares; None without one, and if a subclass of the declaring class changes a hook."""
    return policy.form if _has_hooks_of_owner(policy, "form", ("feedback", "feedback_weights", *OPTIONAL_HOOKS)) else None


def projection_of(policy: Policy) -> Projection | None:
    """Return the projection that a policy declares; None without one, and if a subclass of the declaring class changes a hook."""
    return policy.projection if _has_hooks_of_owner(policy, "projection", ("scales", "adapt", "remember")) else None


def _has_hooks_of_owner(policy: Policy, declaration: str, hooks: Sequence[str]) -> bool:
    owner = next(cls for cls in type(policy).__mro__ if declaration in vars(cls))
    return all(getattr(type(policy), hook) is getattr(owner, hook) for hook in hooks)
