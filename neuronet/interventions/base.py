"""What an intervention is: a change of the game between two rounds, the same on either engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from neuronet.core.errors import NeuroNetError
from neuronet.engines.base import Engine, Setup, State, check_replicas, check_state

InterventionResult = tuple[Setup, State, tuple[int, ...]]
"""The game, where it stands, and the nodes to whom it happened."""


class Intervention(ABC):
    """A change of a game between two rounds; a frozen dataclass whose fields say what happens to whom.

    Attributes:
        name: What it is called.
    """

    name: ClassVar[str]

    @abstractmethod
    def apply(self, setup: Setup, state: State) -> InterventionResult:
        """The game as it goes on, of one replica.

        Args:
            setup: The game as it is.
            state: Where it stands; it is not written into.

        Raises:
            NeuroNetError: It is impossible here; one sentence says why.
        """

    def __str__(self) -> str:
        """As it is written in a plan, such as "lesion(layer=1, share=0.2)"."""
        given = [(field.name, getattr(self, field.name), field.default) for field in fields(self)]  # type: ignore[arg-type]
        arguments = [f"{name}={_format_value(value)}" for name, value, default in given if value != default]
        return f"{self.name}({', '.join(arguments)})"


def _format_value(value: Any) -> str:
    return str(list(value)) if isinstance(value, tuple) else repr(value)


@dataclass(frozen=True)
class Event:
    """An intervention that has happened.

    Attributes:
        round: How many rounds had been played before.
        what: Which intervention, as a text.
        nodes: To whom, as nodes of the graph, in each replica.
    """

    round: int
    what: str
    nodes: tuple[tuple[int, ...], ...]


def apply_intervention(engine: Engine, intervention: Intervention) -> Event:
    """Let an intervention happen to a game that is being played, on either engine, between two rounds.

    Raises:
        NeuroNetError: It is impossible here; then nothing has changed.
    """
    setups, state, nodes = apply_to_setups(engine.setups, engine.state(), intervention)
    engine.replace_game(setups, state)
    return Event(state.round, str(intervention), nodes)


def apply_to_setups(
    setups: Sequence[Setup], state: State, intervention: Intervention
) -> tuple[list[Setup], State, tuple[tuple[int, ...], ...]]:
    """The games after an intervention, where they stand, and to whom it happened; nothing that is given is changed.

    Args:
        setups: The game of each replica.
        state: Where they stand.
        intervention: What happens to each of them.

    Raises:
        NeuroNetError: It is impossible here, or replicas would differ in more than they may.
    """
    if not (isinstance(intervention, Intervention) and hasattr(intervention, "__dataclass_fields__")):
        what = "a dataclass such as neuronet.interventions.Lesion"
        raise NeuroNetError(f"an intervention must be {what}, got {type(intervention).__name__}")
    check_state(state, setups)
    alone = len(setups) == 1
    found = [intervention.apply(setup, state if alone else state.replica(place)) for place, setup in enumerate(setups)]
    after, nodes = [setup for setup, _, _ in found], tuple(nodes for _, _, nodes in found)
    check_replicas(after)
    if alone:
        return after, found[0][1], nodes
    arrays = {name: np.stack([each.arrays[name] for _, each, _ in found]) for name in found[0][1].arrays}
    return after, State(state.round, arrays), nodes
