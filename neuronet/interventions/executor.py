"""Carrying out a run's plan of interventions, and noting what has happened."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from neuronet.core.policy import Policy
from neuronet.engines.base import Engine, Setup, State
from neuronet.interventions import apply_intervention
from neuronet.interventions.parser import ScheduledIntervention
from neuronet.interventions.schedule import InterventionSchedule
from neuronet.recording.network_structure import Structure
from neuronet.recording.run_directory import Checkpoint, InterventionLog, RunDirectory


class InterventionExecutor:
    """What a run plans, and what of it has happened.

    Args:
        schedule: What happens when.
        engine: To whose neurons.
        initial_setups: The game of each replica as it begins.
        per_epoch: Rounds in an epoch.
        run_directory: Where it is noted; None for nowhere.

    Attributes:
        rows: What has happened: a row for each intervention and replica.
    """

    def __init__(
        self,
        schedule: InterventionSchedule,
        engine: Engine,
        initial_setups: Sequence[Setup],
        per_epoch: int,
        run_directory: RunDirectory | None,
    ) -> None:
        self._schedule, self._engine, self._initial_setups, self._run_directory = schedule, engine, initial_setups, run_directory
        self._per_epoch = per_epoch
        self._applied = 0
        self.rows: list[dict[str, Any]] = []

    @property
    def next_round(self) -> int | None:
        """After how many rounds the next one is due; None if there is none left."""
        entries = self._schedule.entries[self._applied :]
        return entries[0][0] if entries else None

    def apply_due(self) -> bool:
        """Let everything happen that is due, and say whether there was anything."""
        before = self._applied
        while self.next_round is not None and self.next_round <= self._engine.round_number:
            _, scheduled = self._schedule.entries[self._applied]
            event = apply_intervention(self._engine, scheduled.intervention)
            self._applied += 1
            rows = [
                {"round": event.round, "epoch": event.round // self._per_epoch, "replica": replica, "what": scheduled.what}
                | {"nodes": list(nodes)}
                for replica, nodes in enumerate(event.nodes)
            ]
            self.rows += rows
            if self._run_directory is not None:
                self._run_directory.append_events(rows)
        return self._applied > before

    def intervention_log(self) -> InterventionLog | None:
        """What a checkpoint must know; None if nothing has happened."""
        if not self._applied:
            return None
        structure = Structure.from_setups(self._engine.setups)
        return InterventionLog(self._applied, json.dumps(self.rows), structure.arrays, structure.metadata)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Bring the engine to where the checkpoint left it.

        Raises:
            NeuroNetError: The checkpoint is broken, or of another game.
        """
        intervention_log = checkpoint.intervention_log
        if intervention_log is None:
            self._engine.restore(checkpoint.state)
            return
        self._applied, self.rows = intervention_log.applied, intervention_log.rows()
        structure = Structure(intervention_log.structure, intervention_log.metadata)
        self._engine.replace_game(structure.setups(self._initial_setups, checkpoint.state, self._policies()), checkpoint.state)

    def _policies(self) -> list[Policy]:
        """All that neurons may have come to follow."""
        layers = range(1, len(self._initial_setups[0].network.sizes))
        initial_setups = [group.policy for setup in self._initial_setups for layer in layers for group in setup.groups(layer)]
        scheduled = [getattr(each.intervention, "policy", None) for _, each in self._schedule.entries]
        return [*initial_setups, *(policy for policy in scheduled if policy is not None)]


def build_schedule(
    scheduled: Sequence[ScheduledIntervention], engine: Engine, per_epoch: int, rounds: int
) -> InterventionSchedule:
    """The plan of a run that begins; refused now if it will be impossible later.

    Args:
        scheduled: As in the configuration.
        engine: Which will play; it is left as it is.
        per_epoch: Rounds in an epoch.
        rounds: Rounds in the run.

    Raises:
        NeuroNetError: Something is impossible.
    """
    schedule = InterventionSchedule.of(scheduled, per_epoch)
    if schedule.entries:
        state = engine.state()
        schedule.dry_run(engine.setups, State(0, state.arrays), rounds)
    return schedule
