"""Interventions that a run plans: what happens to whom, and after how many epochs or rounds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from neuronet.core.errors import NeuroNetError
from neuronet.engines.base.engine import Setup, State
from neuronet.interventions import INTERVENTIONS, Intervention, changed
from neuronet.interventions.parser import intervention_named
from neuronet.registry.registry import policy_named

_WHEN = re.compile(r"\s*(?:(epoch|round)\s+)?(\d{1,15})\s*:\s*(.*)", re.DOTALL)


@dataclass(frozen=True)
class Planned:
    """An intervention and its time.

    Attributes:
        number: How many epochs or rounds have been played when it happens; 0 is before the first.
        rounds: Whether it counts rounds, not epochs.
        what: The intervention, as it was written.
        intervention: What happens.
    """

    number: int
    rounds: bool
    what: str
    intervention: Intervention

    def due(self, per_epoch: int) -> int:
        """How many rounds have been played when it happens.

        Args:
            per_epoch: Rounds in an epoch.
        """
        return self.number if self.rounds else self.number * per_epoch


def planned(text: str) -> Planned:
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
    return Planned(int(match[2]), match[1] == "round", what, intervention_named(what, INTERVENTIONS, policy_named))


@dataclass(frozen=True)
class Plan:
    """What a run plans, in the order in which it happens.

    Attributes:
        entries: Each with the number of rounds after which it happens, ascending.
    """

    entries: tuple[tuple[int, Planned], ...]

    @classmethod
    def of(cls, texts: Sequence[str], per_epoch: int) -> Plan:
        """The plan that lines of text make; of those at the same time, the first comes first.

        Args:
            texts: Lines of text.
            per_epoch: Rounds in an epoch.

        Raises:
            NeuroNetError: One cannot be read.
        """
        entries = [(each.due(per_epoch), each) for each in map(planned, texts)]
        return cls(tuple(sorted(entries, key=lambda entry: entry[0])))

    def rehearse(self, setups: Sequence[Setup], state: State, rounds: int) -> None:
        """Refuse what will be impossible, before anything is played.

        Args:
            setups: The game of each replica as it begins.
            state: How it begins.
            rounds: How many there are in the run.

        Raises:
            NeuroNetError: An intervention is impossible when its time comes, or that is after the end.
        """
        for due, each in self.entries:
            if due >= rounds:
                kind, count = ("round", due) if each.rounds else ("epoch", each.number)
                raise NeuroNetError(f"'{each.what}' is planned after {kind} {count}, but with that the run is over")
            setups, state, _ = changed(setups, State(due, state.arrays), each.intervention)
