"""Executor of the interventions that a run has scheduled."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from neuronet.core import parse_json
from neuronet.engines.base import Engine, Setup, State
from neuronet.interventions.base import apply_intervention
from neuronet.interventions.network_structure import Structure
from neuronet.interventions.parser import ScheduledIntervention
from neuronet.interventions.schedule import InterventionSchedule

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class InterventionLog:
    """Interventions that were applied to a run, for its checkpoint.

    Attributes:
        applied: Number of scheduled interventions that were applied.
        rows_json: A row for each intervention and replica, as JSON.
        structure: The network after them.
    """

    applied: int
    rows_json: str
    structure: Structure

    def rows(self) -> list[Row]:
        """Return a row for each intervention and replica."""
        rows: list[Row] = parse_json(self.rows_json)
        return rows


class InterventionExecutor:
    """Executor that applies scheduled interventions to an engine when they are due.

    Args:
        schedule: The interventions and their times.
        engine: The engine to change.
        initial_setups: Setup of each replica at the start of the run.
        per_epoch: Rounds in an epoch.
        on_events: Called with the rows of each intervention that was applied.

    Attributes:
        rows: A row for each applied intervention and replica: round, epoch, replica, what, nodes.
    """

    def __init__(
        self,
        schedule: InterventionSchedule,
        engine: Engine,
        initial_setups: Sequence[Setup],
        per_epoch: int,
        on_events: Callable[[list[Row]], None] | None = None,
    ) -> None:
        self._schedule, self._engine, self._initial_setups = schedule, engine, initial_setups
        self._per_epoch, self._on_events = per_epoch, on_events
        self._applied = 0
        self.rows: list[Row] = []

    @property
    def next_round(self) -> int | None:
        """Number of rounds after which the next intervention is due; None if none is left."""
        entries = self._schedule.entries[self._applied :]
        return entries[0][0] if entries else None

    def apply_due(self) -> bool:
        """Apply all interventions that are due, and return whether there were any."""
        before = self._applied
        while self.next_round is not None and self.next_round <= self._engine.round_number:
            _, scheduled = self._schedule.entries[self._applied]
            event = apply_intervention(self._engine, scheduled.intervention)
            self._applied += 1
            common: Mapping[str, Any] = {"round": event.round, "epoch": event.round // self._per_epoch}
            rows = [
                {**common, "replica": replica, "what": scheduled.what, "nodes": list(nodes)}
                for replica, nodes in enumerate(event.nodes)
            ]
            self.rows += rows
            if self._on_events is not None:
                self._on_events(rows)
        return self._applied > before

    def intervention_log(self) -> InterventionLog | None:
        """Return what a checkpoint must hold; None if no intervention was applied."""
        if not self._applied:
            return None
        return InterventionLog(self._applied, json.dumps(self.rows), Structure.from_setups(self._engine.setups))

    def restore(self, state: State, log: InterventionLog | None) -> None:
        """Restore the engine from a checkpoint.

        Args:
            state: The engine's state.
            log: The interventions applied before; None if there were none.

        Raises:
            StateError: The checkpoint is broken, or does not fit the run.
        """
        if log is None:
            self._engine.restore(state)
            return
        self._applied, self.rows = log.applied, log.rows()
        policies = self._schedule.policies(self._initial_setups)
        self._engine.replace_game(log.structure.setups(self._initial_setups, state, policies), state)


def build_schedule(
    scheduled: Sequence[ScheduledIntervention], engine: Engine, per_epoch: int, rounds: int
) -> InterventionSchedule:
    """Return the schedule of a run, and refuse interventions that will not be possible.

    Args:
        scheduled: Interventions with their times.
        engine: The engine at the start of the run; it is not changed.
        per_epoch: Rounds in an epoch.
        rounds: Rounds in the run.

    Raises:
        ConfigurationError: An intervention is not possible when it is due, or due after the end.
    """
    schedule = InterventionSchedule.of(scheduled, per_epoch)
    if schedule.entries:
        schedule.dry_run(engine.setups, replace(engine.state(), round=0), rounds)
    return schedule
