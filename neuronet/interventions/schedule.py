"""Interventions that a run plans: what happens to whom, and after how many epochs or rounds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from neuronet.core.errors import NeuroNetError
from neuronet.core.policy import Policy
from neuronet.engines.base import Setup, State
from neuronet.interventions.base import Intervention, apply_to_setups
from neuronet.interventions.functions import INTERVENTIONS
from neuronet.interventions.parser import parse_intervention
from neuronet.registry.registry import parse_policy

_WHEN = re.compile(r"\s*(?:(epoch|round)\s+)?(\d{1,15})\s*:\s*(.*)", re.DOTALL)


@dataclass(frozen=True)
class ScheduledIntervention:
    """An intervention and its time.

    Attributes:
        time: How many epochs or rounds have been played when it happens; 0 is before the first.
        in_rounds: Whether it counts rounds, not epochs.
        what: The intervention, as it was written.
        intervention: What happens.
    """

    time: int
    in_rounds: bool
    what: str
    intervention: Intervention

    def due_round(self, per_epoch: int) -> int:
        """How many rounds have been played when it happens.

        Args:
            per_epoch: Rounds in an epoch.
        """
        return self.time if self.in_rounds else self.time * per_epoch


def parse_scheduled_intervention(text: str) -> ScheduledIntervention:
    """What a line of text plans, such as "5: lesion(layer=1, share=0.2)" or "round 120: revive()".

    Raises:
        NeuroNetError: It cannot be read.
    """
    match = _WHEN.fullmatch(text)
    if match is None:
        raise NeuroNetError(
            f"cannot read the planned intervention '{text[:80]}': write '5: lesion(layer=1, share=0.2)' for after epoch 5, "
            "or 'round 120: ...'"
        )
    what = match[3].strip()
    return ScheduledIntervention(int(match[2]), match[1] == "round", what, parse_intervention(what, INTERVENTIONS, parse_policy))


@dataclass(frozen=True)
class InterventionSchedule:
    """What a run plans, in the order in which it happens.

    Attributes:
        entries: Each with the number of rounds after which it happens, ascending.
    """

    entries: tuple[tuple[int, ScheduledIntervention], ...]

    @classmethod
    def parse(cls, texts: Sequence[str], per_epoch: int) -> InterventionSchedule:
        """The plan that lines of text make; of those at the same time, the first comes first.

        Args:
            texts: Lines of text.
            per_epoch: Rounds in an epoch.

        Raises:
            NeuroNetError: One cannot be read.
        """
        entries = [(each.due_round(per_epoch), each) for each in map(parse_scheduled_intervention, texts)]
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
        """Refuse what will be impossible, before anything is played.

        Args:
            setups: The game of each replica as it begins.
            state: How it begins.
            rounds: How many there are in the run.

        Raises:
            NeuroNetError: An intervention is impossible when its time comes, or that is after the end.
        """
        for due_round, each in self.entries:
            if due_round >= rounds:
                kind, count = ("round", due_round) if each.in_rounds else ("epoch", each.time)
                raise NeuroNetError(f"'{each.what}' is planned after {kind} {count}, but with that the run is over")
            setups, state, _ = apply_to_setups(setups, State(due_round, state.arrays), each.intervention)
