"""Schedule of the interventions of a run: what happens after how many epochs or rounds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from neuronet.core.errors import ConfigurationError, SpecError
from neuronet.core.policy import Policy
from neuronet.engines.base import Setup, State
from neuronet.interventions.base import Intervention, apply_to_setups
from neuronet.interventions.functions import INTERVENTIONS
from neuronet.interventions.parser import parse_intervention
from neuronet.registry.registry import parse_policy

_WHEN = re.compile(r"\s*(?:(epoch|round)\s+)?(\d{1,15})\s*:\s*(.*)", re.DOTALL)


@dataclass(frozen=True)
class ScheduledIntervention:
    """Intervention with its time.

    Attributes:
        time: Number of epochs or rounds played before it; 0 is before the first.
        in_rounds: Whether the time counts rounds, not epochs.
        what: Spec of the intervention, as it was given.
        intervention: The intervention.
    """

    time: int
    in_rounds: bool
    what: str
    intervention: Intervention

    def due_round(self, per_epoch: int) -> int:
        """Return the number of rounds played before it.

        Args:
            per_epoch: Rounds in an epoch.
        """
        return self.time if self.in_rounds else self.time * per_epoch


def parse_scheduled_intervention(text: str) -> ScheduledIntervention:
    """Return the intervention that a text schedules, such as "5: lesion(layer=1, share=0.2)" or "round 120: revive()".

    Raises:
        SpecError: The text cannot be parsed.
    """
    match = _WHEN.fullmatch(text)
    if match is None:
        raise SpecError(
            f"cannot read the planned intervention '{text[:80]}': write '5: lesion(layer=1, share=0.2)' for after epoch 5, "
            "or 'round 120: ...'"
        )
    what = match[3].strip()
    return ScheduledIntervention(int(match[2]), match[1] == "round", what, parse_intervention(what, INTERVENTIONS, parse_policy))


@dataclass(frozen=True)
class InterventionSchedule:
    """Schedule of interventions, in the order in which they are applied.

    Attributes:
        entries: Each with the number of rounds played before it, ascending.
    """

    entries: tuple[tuple[int, ScheduledIntervention], ...]

    @classmethod
    def parse(cls, texts: Sequence[str], per_epoch: int) -> InterventionSchedule:
        """Return the schedule of these texts; interventions of the same time keep their order.

        Args:
            texts: Such as "5: lesion(layer=1, share=0.2)".
            per_epoch: Rounds in an epoch.

        Raises:
            SpecError: A text cannot be parsed.
        """
        entries = [(scheduled.due_round(per_epoch), scheduled) for scheduled in map(parse_scheduled_intervention, texts)]
        return cls(tuple(sorted(entries, key=lambda entry: entry[0])))

    def policies(self, initial: Sequence[Setup]) -> list[Policy]:
        """Return all policies that neurons may follow during the run.

        Args:
            initial: Setup of each replica at the start of the run.
        """
        layers = range(1, len(initial[0].network.sizes))
        first = [group.policy for setup in initial for layer in layers for group in setup.groups(layer)]
        scheduled = [getattr(entry.intervention, "policy", None) for _, entry in self.entries]
        return [*first, *(policy for policy in scheduled if policy is not None)]

    def dry_run(self, setups: Sequence[Setup], state: State, rounds: int) -> None:
        """Refuse interventions that will not be possible, before anything is played.

        Args:
            setups: Setup of each replica at the start of the run.
            state: State at the start of the run.
            rounds: Number of rounds of the run.

        Raises:
            ConfigurationError: An intervention is not possible when it is due, or due after the end.
        """
        for due_round, scheduled in self.entries:
            if due_round >= rounds:
                unit, count = ("round", due_round) if scheduled.in_rounds else ("epoch", scheduled.time)
                raise ConfigurationError(
                    f"intervention '{scheduled.what}' is scheduled after {unit} {count}, which is not before the end of the run"
                )
            setups, state, _ = apply_to_setups(setups, State(due_round, state.arrays), scheduled.intervention)
