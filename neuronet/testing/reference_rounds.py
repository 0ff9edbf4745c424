"""Reference rounds of one policy, hook by hook, in the order of an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuronet.core import LAYER_FIELDS, Array, Memory, NeuroNetError, Policy, PolicyError, Scales
from neuronet.testing.synthetic_layer import FIELDS, NUMPY, LayerView

ROUNDS = 2
"""Two rounds, so that memory of the first is used in the second."""

FIELDS_IN_SPEAK = frozenset({"potential", "activity", "slope", "speaker_activity", "attention", "listener_mask"})
OPTIONAL_FIELDS_IN_SPEAK = frozenset({"synapses", "synapse_mask"})
"""Fields that are known in `speak`."""


@dataclass(frozen=True, eq=False)
class HookOutput:
    """Result of a hook.

    Attributes:
        array: The array as returned.
        axes: Letters of the expected shape.
    """

    array: Array
    axes: str


def first_line(error: Exception) -> str:
    """Return an error in one line; NeuroNet's own errors without the class name."""
    first = (str(error).splitlines() or [""])[0]
    return first if isinstance(error, NeuroNetError) else f"{type(error).__name__}: {first}"


def play(policy: Policy, view: LayerView, *, watch: bool = False) -> dict[str, HookOutput]:
    """Return all results of a policy in a few rounds, by hook and round, each checked for its form.

    Args:
        policy: The policy.
        view: The neurons that follow it.
        watch: Whether to check that the policy does not write into its arguments; for numpy.

    Raises:
        PolicyError: A hook fails, writes, or returns another shape, library or precision, or numbers that are not finite.
    """
    answers = {}
    for name, answer in _ReferenceRounds(policy, view, watch).answers():
        _check_form(f"{policy!r}: {name} on {view.library.name}", answer, view)
        answers[name] = answer
    return answers


def _check_form(what: str, answer: HookOutput, view: LayerView) -> None:
    library, shape = view.library, view.shape(answer.axes)
    if not isinstance(answer.array, type(library.make(np.zeros(1)))):
        raise PolicyError(f"{what} must be an array of that library, got {type(answer.array).__name__}: use obs.xp alone")
    if tuple(answer.array.shape) != shape:
        spelled = ", ".join(answer.axes)
        raise PolicyError(f"{what} must have the shape (..., {spelled}) = {shape}, got {tuple(answer.array.shape)}")
    if answer.array.dtype != library.dtype:
        raise PolicyError(f"{what} must keep the precision {library.dtype}, got {answer.array.dtype}")
    if not np.isfinite(library.values(answer.array)).all():
        raise PolicyError(f"{what} is not finite: do not divide by 0")


class _ReferenceRounds:
    def __init__(self, policy: Policy, view: LayerView, watch: bool) -> None:
        self.policy = policy
        self.view = view
        self.watch = watch
        self.memory: Memory = {}

    def answers(self) -> Iterator[tuple[str, HookOutput]]:
        memory = self._call("initial_memory", lambda: self.policy.initial_memory(self.view.birth()), {})
        self.memory = self._checked("initial_memory", memory)
        yield from self._remembered("initial_memory")
        for number in range(ROUNDS):
            for hook, answer in self._round(number):
                yield f"{hook} in round {number}", answer
            yield from self._remembered(f"remember in round {number}")

    def _round(self, number: int) -> Iterator[tuple[str, HookOutput]]:
        policy = self.policy
        fields = self.view.open(number)
        initial_fields = {name: fields[name] for name in FIELDS_IN_SPEAK | (OPTIONAL_FIELDS_IN_SPEAK & policy.needs)}
        obs, eval_obs = (self.view.observe(initial_fields, learning=learning) for learning in (True, False))
        activity = self._call("speak", lambda: policy.speak(fields["activity"], obs, self.memory), fields)
        yield "speak", HookOutput(activity, "BJ")
        eval_activity = self._call("speak", lambda: policy.speak(fields["activity"], eval_obs, self.memory), fields)
        yield "speak in evaluation", HookOutput(eval_activity, "BJ")
        fields["activity"] = obs.activity = activity
        for name in ("demand", *sorted(policy.needs - LAYER_FIELDS)):
            setattr(obs, name, fields[name])
        if policy.linear:
            feedback_weights = self._call("feedback_weights", lambda: policy.feedback_weights(obs, self.memory), fields)
            yield "feedback_weights", HookOutput(feedback_weights, "KJ")
        feedback = self._call("feedback", lambda: policy.feedback(obs, self.memory), fields)
        yield "feedback", HookOutput(feedback, "BJ")
        fields["feedback"] = feedback
        yield "demand", HookOutput(self._call("demand", lambda: policy.demand(feedback, obs, self.memory), fields), "BJ")
        for name in policy.needs & LAYER_FIELDS:
            setattr(obs, name, fields[name])
        response, change = fields["intention"], fields["change"]
        scales = self._call("scales", lambda: policy.scales(response, obs, self.memory), fields)
        if not isinstance(scales, Scales):
            raise PolicyError(f"{policy!r}: scales must return Scales(...), got {type(scales).__name__}")
        for name, part in scales._asdict().items():
            if part is not None:
                yield f"scales.{name}", HookOutput(part, "J")
        yield "adapt", HookOutput(self._call("adapt", lambda: policy.adapt(response, obs, self.memory), fields), "JS")
        memory = self._call("remember", lambda: policy.remember(change, response, obs, self.memory), fields)
        self.memory = self._checked("remember", memory)

    def _remembered(self, moment: str) -> Iterator[tuple[str, HookOutput]]:
        for name, axes in self.policy.memory_axes.items():
            yield f"{moment}, memory '{name}',", HookOutput(self.memory[name], axes)

    def _checked(self, hook: str, memory: Any) -> Memory:
        if not isinstance(memory, Mapping) or memory.keys() != self.policy.memory_axes.keys():
            got = sorted(memory) if isinstance(memory, Mapping) else type(memory).__name__
            raise PolicyError(f"{self.policy!r}: {hook} must return the memory {sorted(self.policy.memory_axes)}, got {got}")
        return memory

    def _call(self, hook: str, function: Callable[[], Any], fields: Mapping[str, Array]) -> Any:
        before = self._copies(fields) if self.watch else {}
        try:
            with np.errstate(all="ignore"):  # the results are checked for infinite numbers
                answer = function()
        except Exception as error:
            raise PolicyError(f"{self.policy!r}: {hook} fails {self._where()}: {first_line(error)}") from error
        for name, (array, copy) in before.items():
            if not np.array_equal(array, copy):
                raise PolicyError(f"{self.policy!r}: {hook} writes into {name}: make a new array instead")
        if self.watch:
            self._check_draws(hook)
        return answer

    def _where(self) -> str:
        library = self.view.library
        return f"on {library.name}" if library is NUMPY else f"on {library.name}, but not on {NUMPY.name}"

    def _copies(self, fields: Mapping[str, Array]) -> dict[str, tuple[Array, Array]]:
        observed = {f"obs.{name}": fields[name] for name in FIELDS if name in fields}
        arguments = {name: fields[name] for name in ("feedback", "change") if name in fields}
        if "intention" in fields:
            arguments["response"] = fields["intention"]
        memory = {f"memory['{name}']": array for name, array in self.memory.items()}
        return {name: (array, np.array(array)) for name, array in (observed | arguments | memory).items()}

    def _check_draws(self, hook: str) -> None:
        """Check that random numbers are unchanged when they are drawn again, so that no hook has written into them."""
        drawn = dict(self.view.drawn)
        self.view.drawn.clear()
        for key, array in drawn.items():
            kind, axes, name = key.split(":", 2)
            if not np.array_equal(array, self.view.draw(kind, name, axes)):
                raise PolicyError(f"{self.policy!r}: {hook} writes into the draw '{name}': make a new array instead")
        self.view.drawn.update(drawn)
