"""A few rounds of one policy, verb by verb, in the order of an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuronet.core.array_types import Array, Memory
from neuronet.core.errors import NeuroNetError
from neuronet.core.policy import Policy
from neuronet.testing.synthetic_layer import NUMPY, SIGHTS, Watcher

ROUNDS = 2
"""So that what is remembered in one round is seen in the next."""


AT_ONCE = frozenset({"potential", "activity", "slope", "heard", "attention", "connected"})
AT_ONCE_IF_NEEDED = frozenset({"synapses", "listening"})
"""What there is to see before anybody in the layer has spoken."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What a policy answered.

    Attributes:
        array: As it came.
        axes: The letters of the shape that it should have.
    """

    array: Array
    axes: str


def first_line(error: Exception) -> str:
    """What went wrong, in one line; our own errors need no name."""
    first = (str(error).splitlines() or [""])[0]
    return first if isinstance(error, NeuroNetError) else f"{type(error).__name__}: {first}"


def play(policy: Policy, watcher: Watcher, *, watch: bool = False) -> dict[str, Answer]:
    """Every answer of a policy in a few rounds, by the verb's name and the round's number, each of the form that it should have.

    Args:
        policy: Who is asked.
        watcher: What it sees.
        watch: Whether to make sure that it writes into nothing it sees; for numpy.

    Raises:
        NeuroNetError: A verb fails, writes, or gives an answer of another shape, library or precision, or one that is not finite.
    """
    answers = {}
    for name, answer in _Play(policy, watcher, watch).answers():
        _check_form(f"{policy!r}: {name} on {watcher.library.name}", answer, watcher)
        answers[name] = answer
    return answers


def _check_form(what: str, answer: Answer, watcher: Watcher) -> None:
    library, shape = watcher.library, watcher.shape(answer.axes)
    if not isinstance(answer.array, type(library.make(np.zeros(1)))):
        raise NeuroNetError(f"{what} must be an array of that library, got {type(answer.array).__name__}: use seen.xp alone")
    if tuple(answer.array.shape) != shape:
        spelled = ", ".join(answer.axes)
        raise NeuroNetError(f"{what} must have the shape (..., {spelled}) = {shape}, got {tuple(answer.array.shape)}")
    if answer.array.dtype != library.dtype:
        raise NeuroNetError(f"{what} must keep the precision {library.dtype}, got {answer.array.dtype}")
    if not np.isfinite(library.values(answer.array)).all():
        raise NeuroNetError(f"{what} is not finite: divide by nothing that can be 0")


class _Play:
    def __init__(self, policy: Policy, watcher: Watcher, watch: bool) -> None:
        self.policy = policy
        self.watcher = watcher
        self.watch = watch
        self.memory: Memory = {}

    def answers(self) -> Iterator[tuple[str, Answer]]:
        self.memory = self._checked("start", self._ask("start", lambda: self.policy.start(self.watcher.place()), {}))
        yield from self._remembered("start")
        for number in range(ROUNDS):
            for verb, answer in self._round(number):
                yield f"{verb} in round {number}", answer
            yield from self._remembered(f"remember in round {number}")

    def _round(self, number: int) -> Iterator[tuple[str, Answer]]:
        policy = self.policy
        sights = self.watcher.open(number)
        at_once = {name: sights[name] for name in AT_ONCE | (AT_ONCE_IF_NEEDED & policy.needs)}
        seen, judged = (self.watcher.observe(at_once, learning=learning) for learning in (True, False))
        said = self._ask("speak", lambda: policy.speak(sights["activity"], seen, self.memory), sights)
        yield "speak", Answer(said, "BJ")
        told = self._ask("speak", lambda: policy.speak(sights["activity"], judged, self.memory), sights)
        yield "speak while judged", Answer(told, "BJ")
        sights["activity"] = seen.activity = said
        for name in ("demand", *sorted(policy.needs)):
            setattr(seen, name, sights[name])
        if policy.linear:
            yield "weighing", Answer(self._ask("weighing", lambda: policy.weighing(seen, self.memory), sights), "KJ")
        wish = self._ask("feedback", lambda: policy.feedback(seen, self.memory), sights)
        yield "feedback", Answer(wish, "BJ")
        sights["feedback"] = wish
        yield "demand", Answer(self._ask("demand", lambda: policy.demand(wish, seen, self.memory), sights), "BJ")
        response, change = sights["intention"], sights["change"]
        yield "adapt", Answer(self._ask("adapt", lambda: policy.adapt(response, seen, self.memory), sights), "JS")
        kept = self._ask("remember", lambda: policy.remember(change, response, seen, self.memory), sights)
        self.memory = self._checked("remember", kept)

    def _remembered(self, moment: str) -> Iterator[tuple[str, Answer]]:
        for name, axes in self.policy.keeps.items():
            yield f"{moment}, memory '{name}',", Answer(self.memory[name], axes)

    def _checked(self, verb: str, memory: Any) -> Memory:
        if not isinstance(memory, Mapping) or memory.keys() != self.policy.keeps.keys():
            got = sorted(memory) if isinstance(memory, Mapping) else type(memory).__name__
            raise NeuroNetError(f"{self.policy!r}: {verb} must give the memory {sorted(self.policy.keeps)}, got {got}")
        return memory

    def _ask(self, verb: str, question: Callable[[], Any], sights: Mapping[str, Array]) -> Any:
        before = self._copies(sights) if self.watch else {}
        try:
            with np.errstate(all="ignore"):  # what is not finite is found in the answers
                answer = question()
        except Exception as error:
            raise NeuroNetError(f"{self.policy!r}: {verb} fails {self._where()}: {first_line(error)}") from error
        for name, (array, copy) in before.items():
            if not np.array_equal(array, copy):
                raise NeuroNetError(f"{self.policy!r}: {verb} writes into {name}: make a new array instead")
        if self.watch:
            self._check_draws(verb)
        return answer

    def _where(self) -> str:
        library = self.watcher.library
        return f"on {library.name}" if library is NUMPY else f"on {library.name}, though not on {NUMPY.name}"

    def _copies(self, sights: Mapping[str, Array]) -> dict[str, tuple[Array, Array]]:
        shown = {**{f"seen.{name}": sights[name] for name in SIGHTS if name in sights}}
        told = {name: sights[name] for name in ("feedback", "change") if name in sights}
        if "intention" in sights:
            told["response"] = sights["intention"]
        kept = {f"memory['{name}']": array for name, array in self.memory.items()}
        return {name: (array, np.array(array)) for name, array in (shown | told | kept).items()}

    def _check_draws(self, verb: str) -> None:
        """Draws are the same numbers whenever they are asked for; writing into them would change them."""
        drawn = dict(self.watcher.drawn)
        self.watcher.drawn.clear()
        for key, array in drawn.items():
            kind, axes, name = key.split(":", 2)
            if not np.array_equal(array, self.watcher._draw(kind, name, axes)):
                raise NeuroNetError(f"{self.policy!r}: {verb} writes into the draw '{name}': make a new array instead")
        self.watcher.drawn.update(drawn)
