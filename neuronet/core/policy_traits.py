"""What kind of policy it is: what it sees, whether it throws dice, what it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neuronet.core.policy import Policy

GLOBAL_SIGNALS = frozenset({"broadcast", "reward"})
"""What no neighbour tells a neuron."""


@dataclass(frozen=True)
class Traits:
    """What kind of policy it is. `neuronet.testing.check_policy` makes sure that a policy has the traits that it claims.

    Attributes:
        global_signals: What reaches it from beyond its neighbours, "broadcast" or "reward"; empty for a local policy, which
            sees its own state and its neighbours' messages alone.
        linear: Whether its feedback is a weighed sum of its listeners' demands.
        stochastic: Whether it draws random numbers in a round.
        explores: Whether it says anything but its activity.
        memory_axes: What it keeps from round to round, by name, with its axes in letters.
    """

    global_signals: frozenset[str]
    linear: bool
    stochastic: bool
    explores: bool
    memory_axes: Mapping[str, str]

    @property
    def local(self) -> bool:
        """Whether it sees its own state and its neighbours' messages alone."""
        return not self.global_signals

    @property
    def summary(self) -> str:
        """In a few words: "local, linear" or "hears the reward, stochastic, explores, keeps usual"."""
        where = "local" if self.local else f"hears the {' and the '.join(sorted(self.global_signals))}"
        named = {"linear": self.linear, "stochastic": self.stochastic, "explores": self.explores}
        kept = [f"keeps {', '.join(self.memory_axes)}"] if self.memory_axes else []
        return ", ".join([where, *(word for word, true in named.items() if true), *kept])


def traits_of(policy: Policy) -> Traits:
    """The traits that a policy claims, by what it needs, keeps and answers in its own way; a wrapper has those it holds, too."""
    return Traits(
        global_signals=policy.needs & GLOBAL_SIGNALS,
        linear=policy.linear,
        stochastic=policy.stochastic,
        explores="speak" in policy.hooks,
        memory_axes=policy.memory_axes,
    )


def trait_rows(policies: Mapping[str, type[Policy]]) -> list[tuple[str, str, str]]:
    """Name, one line of meaning and traits of each policy in its default, by name; the traits are empty if it has no default."""
    return [(name, (cls.__doc__ or "").split("\n")[0], _summary(cls)) for name, cls in sorted(policies.items())]


def _summary(cls: type[Policy]) -> str:
    try:
        return traits_of(cls()).summary
    except TypeError:  # a parameter has no default
        return ""
