"""Schedule of the interventions of a run: what happens after how many epochs or rounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from neuronet.core import ConfigurationError, Policy
from neuronet.engines.base import Setup, State
from neuronet.interventions.base import apply_to_setups
from neuronet.interventions.parser import ScheduledIntervention


@dataclass(frozen=True)
class InterventionSchedule:
    """Schedule of interventions, in the order in which they are applied.

    Attributes:
        entries: Each with the number of rounds played before it, ascending.
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
                    f"intervention '{scheduled.what}' is scheduled after {unit} {count}, but the run ends after {unit} "
                    f"{rounds if scheduled.in_rounds else rounds * scheduled.time // due_round}"
                )
            setups, state, _ = apply_to_setups(setups, replace(state, round=due_round), scheduled.intervention)
