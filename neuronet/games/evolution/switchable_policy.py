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
from neuronet.core.observation import OPTIONAL_SIGHTS, Observation, Place
from neuronet.core.policy import Policy
from neuronet.policies.attention.attention_seeking import AttentionSeeking

SIDE = "side"
"""What the memory calls the number of the policy that a neuron plays."""


@dataclass(frozen=True)
class Chameleon(Policy):
    """Plays the first of several policies, or whichever its memory `side` says, counted from 0.

    Every neuron's verbs are those of its policy; what it keeps for the others stays as it is.

    Args:
        policies: Which there are, two or more, all different.

    Raises:
        NeuroNetError: There are fewer, or one is named twice.
    """

    policies: tuple[Policy, ...] = field(default_factory=lambda: (AttentionSeeking(), AttentionSeeking(p=1)))

    def __post_init__(self) -> None:
        if len(self.policies) < 2 or any(each in self.policies[:place] for place, each in enumerate(self.policies)):
            raise NeuroNetError(f"neurons need two policies or more to choose from, all different, got {self.policies!r}")

    @property
    def needs(self) -> frozenset[str]:
        """What any of them needs."""
        return frozenset().union(*(each.needs for each in self.policies))

    @property
    def keeps(self) -> Mapping[str, str]:
        """Which side a neuron is on, and what each policy keeps, under its number."""
        inner = {f"{n}.{name}": axes for n, each in enumerate(self.policies) for name, axes in each.keeps.items()}
        return {SIDE: "J", **inner}

    @property
    def verbs(self) -> frozenset[str]:
        """Those that any of them answers in its own way."""
        return frozenset({"start"}).union(*(each.verbs for each in self.policies))

    @property
    def stochastic(self) -> bool:
        """Whether any of them is."""
        return any(each.stochastic for each in self.policies)

    @property
    def linear(self) -> bool:
        """Whether all of them are."""
        return all(each.linear for each in self.policies)

    def _answers(self, seen: Observation, memory: Memory) -> list[tuple[Policy, Observation, Memory]]:
        return [(each, _inside(seen, each, n), _inner(memory, n)) for n, each in enumerate(self.policies)]

    def weighing(self, seen: Observation, memory: Memory) -> Array:
        """Each neuron's policy's weighing."""
        answers = [each.weighing(sight, kept) for each, sight, kept in self._answers(seen, memory)]
        return _picked(seen, memory[SIDE][..., None, :], answers)

    def speak(self, activity: Array, seen: Observation, memory: Memory) -> Array:
        """Each neuron's policy's word."""
        answers = [each.speak(activity, sight, kept) for each, sight, kept in self._answers(seen, memory)]
        return _picked(seen, memory[SIDE][..., None, :], answers)

    def feedback(self, seen: Observation, memory: Memory) -> Array:
        """Each neuron's policy's feedback."""
        if self.linear:
            return seen.demand @ self.weighing(seen, memory)
        answers = [each.feedback(sight, kept) for each, sight, kept in self._answers(seen, memory)]
        return _picked(seen, memory[SIDE][..., None, :], answers)

    def demand(self, feedback: Array, seen: Observation, memory: Memory) -> Array:
        """Each neuron's policy's demand."""
        answers = [each.demand(feedback, sight, kept) for each, sight, kept in self._answers(seen, memory)]
        return _picked(seen, memory[SIDE][..., None, :], answers)

    def adapt(self, response: Array, seen: Observation, memory: Memory) -> Array:
        """Each neuron's policy's change."""
        answers = [each.adapt(response, sight, kept) for each, sight, kept in self._answers(seen, memory)]
        return _picked(seen, memory[SIDE][..., None], answers)

    def start(self, place: Place) -> Memory:
        """Everybody plays the first policy, and is born for each."""
        inner = {
            f"{n}.{name}": array
            for n, each in enumerate(self.policies)
            for name, array in each.start(Place(place.draws.within(str(n)), place.zeros)).items()
        }
        return {SIDE: place.zeros("J"), **inner}

    def remember(self, change: Array, response: Array, seen: Observation, memory: Memory) -> Memory:
        """What each policy remembers, for those who play it; the others keep what they had."""
        found = {SIDE: memory[SIDE]}
        for n, (each, sight, kept) in enumerate(self._answers(seen, memory)):
            for name, array in each.remember(change, response, sight, kept).items():
                mine = memory[SIDE] == n
                axes = self.keeps[f"{n}.{name}"]
                found[f"{n}.{name}"] = seen.xp.where(mine[(..., *([None] * (len(axes) - 1)))], array, kept[name])
        return found


def _inside(seen: Observation, policy: Policy, number: int) -> Observation:
    """What one of the policies may see, with random numbers of its own."""
    hidden = OPTIONAL_SIGHTS - policy.needs

    def look(name: str) -> object:
        if name in hidden:
            raise KeyError(name)
        return getattr(seen, name)

    return Observation(look, draws=seen.draws.within(str(number)))


def _inner(memory: Memory, number: int) -> Memory:
    prefix = f"{number}."
    return {name.removeprefix(prefix): array for name, array in memory.items() if name.startswith(prefix)}


def _picked(seen: Observation, side: Array, answers: list[Array]) -> Array:
    """Of each neuron the answer of its own policy."""
    found = answers[0]
    for number, answer in enumerate(answers[1:], start=1):
        found = seen.xp.where(side == number, answer, found)
    return found


def reborn(
    memory: dict[str, NDArray[Any]], birth: Mapping[str, NDArray[Any]], changed: NDArray[np.bool_], side: NDArray[Any]
) -> None:
    """Let neurons change sides, in place: they go on with the memory that they were born with for their new policy.

    Args:
        memory: What they keep, by name, (R, J, ...).
        birth: The same at the start of the game.
        changed: Who changes, (R, J).
        side: To which policy, (R, J); looked at only where somebody changes.
    """
    memory[SIDE][changed] = side[changed]
    for name, array in memory.items():
        number = name.partition(".")[0]
        if number.isdigit():
            mine = changed & (side == int(number))
            array[mine] = birth[name][mine]
