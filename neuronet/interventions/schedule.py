"""Interventions that a run plans: what happens to whom, and after how many epochs or rounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from neuronet.core.errors import NeuroNetError
from neuronet.core.policy import Policy
from neuronet.engines.base import Setup, State
from neuronet.interventions.base import apply_to_setups
from neuronet.interventions.parser import ScheduledIntervention


@dataclass(frozen=True)
class InterventionSchedule:
    """What a run plans, in the order in which it happens.

    Attributes:
        entries: Each with the number of rounds after which it happens, ascending.
    """

    entries: tuple[tuple[int, ScheduledIntervention], ...]

    @classmethod
    def of(cls, scheduled: Iterable[ScheduledIntervention], per_epoch: int) -> InterventionSchedule:
        """Return the schedule of these interventions; those due at the same time keep their order.

        Args:
            scheduled: Interventions with their times.
            per_epoch: Rounds in an epoch.
        """
        entries = [(intervention.due_round(per_epoch), intervention) for intervention in scheduled]
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
