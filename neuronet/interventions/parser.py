"""Interventions by spec: `lesion(layer=1, neurons=[0, 3])`, with a time in front where a run schedules them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeGuard

from neuronet.core import ConfigurationError, Policy, shown
from neuronet.interventions.base import Intervention
from neuronet.interventions.functions import INTERVENTIONS
from neuronet.policies import POLICIES
from neuronet.registry import Call, build_spec, format_spec, known_policies, parse_call, split_prefix, syntax_error

EXAMPLE = "lesion(layer=1, share=0.2)"
SCHEDULE_EXAMPLE = f"'5: {EXAMPLE}' for after epoch 5, or 'round 120: ...'"

PAIR_TIME = 5
"""Time in examples, in epochs."""

_TIME = re.compile(r"(?:(epoch|round)\s+)?([0-9]{1,15})")


@dataclass(frozen=True)
class ScheduledIntervention:
    """Intervention and its time in a run.

    Attributes:
        time: Epochs or rounds that have been played when it is applied (>= 0); 0 is before the first.
        in_rounds: Whether `time` counts rounds instead of epochs.
        what: Spec of the intervention, as it was written.
        intervention: The intervention.
    """

    time: int
    in_rounds: bool
    what: str
    intervention: Intervention

    def __str__(self) -> str:
        return f"{'round ' if self.in_rounds else ''}{self.time}: {self.what}"

    def due_round(self, per_epoch: int) -> int:
        """Return the number of rounds that have been played when it is applied.

        Args:
            per_epoch: Rounds in an epoch.
        """
        return self.time if self.in_rounds else self.time * per_epoch


def parse_intervention(text: str) -> Intervention:
    """Return the intervention of a spec such as "lesion(layer=1, share=0.2)".

    Arguments are numbers, lists of numbers, pairs, or texts; a policy is a spec, in quotes or not.

    Raises:
        SpecError: The text cannot be parsed, or names something unknown.
        ConfigurationError: A parameter is out of range.
    """
    call = parse_call(text, "intervention", EXAMPLE)
    policy = call.named.get("policy")
    if isinstance(policy, str):
        call = Call(call.name, call.positional, {**call.named, "policy": parse_call(policy, "policy")})
    return build_spec(call, "intervention", Intervention, INTERVENTIONS, nested=_build_policy)


def _build_policy(call: Call) -> Policy:
    return build_spec(call, "policy", Policy, known_policies())


def parse_scheduled_intervention(text: str) -> ScheduledIntervention:
    """Return what a spec such as "5: lesion(layer=1, share=0.2)" or "round 120: revive()" schedules.

    Raises:
        SpecError: The text cannot be parsed, or names something unknown.
        ConfigurationError: A parameter is out of range.
    """
    prefix, what = split_prefix(text, "scheduled intervention", SCHEDULE_EXAMPLE)
    match = _TIME.fullmatch(prefix)
    if match is None:
        raise syntax_error("scheduled intervention", text, SCHEDULE_EXAMPLE)
    return ScheduledIntervention(int(match[2]), match[1] == "round", what, parse_intervention(what))


def schedule_intervention(given: object) -> ScheduledIntervention:
    """Return what a text such as "5: revive()", or a pair of a time and an intervention such as (5, Revive()), schedules.

    The time of a pair is a number of epochs, or a text such as "round 120"; its intervention is an object or a spec.

    Raises:
        SpecError: A text cannot be parsed, or names something unknown.
        ConfigurationError: The intervention has no time, or is of another kind.
    """
    if isinstance(given, ScheduledIntervention):
        return given
    if isinstance(given, str):
        return parse_scheduled_intervention(given)
    if isinstance(given, Intervention):
        raise ConfigurationError(
            f"say when {given} happens: ({PAIR_TIME}, {type(given).__name__}(...)) is after epoch {PAIR_TIME}"
        )
    if not is_timed(given):
        example = f"a text such as {SCHEDULE_EXAMPLE.partition(' for')[0]}, or a pair such as ({PAIR_TIME}, Revive())"
        raise ConfigurationError(f"an intervention of a run must be {example}, got {shown(given)}")
    time, what = given
    if isinstance(what, str):
        return parse_scheduled_intervention(f"{time}: {what}")
    match = _TIME.fullmatch(str(time).strip())
    if match is None or isinstance(time, bool):
        raise ConfigurationError(
            f"the time of {what} must be an integer of 0 or more, or a text such as 'round 120', got {time!r}"
        )
    spec = format_spec(what, {**INTERVENTIONS, **POLICIES})
    return ScheduledIntervention(int(match[2]), match[1] == "round", spec, what)


def is_timed(given: object) -> TypeGuard[tuple[int | str, Intervention | str]]:
    """Return whether something is a pair of a time and an intervention or its spec, not two texts with times."""
    if not isinstance(given, tuple | list) or len(given) != 2:
        return False
    time, what = given
    return isinstance(what, Intervention) or (isinstance(what, str) and (_TIME.fullmatch(str(time)) is not None))
