"""Interventions by spec: `lesion(layer=1, neurons=[0, 3])`, with a time in front where a run schedules them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from neuronet.core import Policy
from neuronet.interventions.base import Intervention
from neuronet.interventions.functions import INTERVENTIONS
from neuronet.registry import Call, build_spec, known_policies, parse_call, split_prefix, syntax_error

EXAMPLE = "lesion(layer=1, share=0.2)"
SCHEDULE_EXAMPLE = f"'5: {EXAMPLE}' for after epoch 5, or 'round 120: ...'"

_TIME = re.compile(r"(?:(epoch|round)\s+)?(\d{1,15})")


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
