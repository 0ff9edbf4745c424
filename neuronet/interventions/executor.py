"""Carrying out a run's plan of interventions, and noting what has happened."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from neuronet.core.policy import Policy
from neuronet.engines.base.engine import Engine, Setup, State
from neuronet.interventions import perform
from neuronet.interventions.schedule import Plan
from neuronet.recording.network_structure import Structure
from neuronet.recording.run_directory import Checkpoint, Happened, Record


class Meddling:
    """What a run plans, and what of it has happened.

    Args:
        plan: What happens when.
        engine: To whose neurons.
        begun: The game of each replica as it begins.
        per_epoch: Rounds in an epoch.
        record: Where it is noted; None for nowhere.

    Attributes:
        rows: What has happened: a row for each intervention and replica.
    """

    def __init__(self, plan: Plan, engine: Engine, begun: Sequence[Setup], per_epoch: int, record: Record | None) -> None:
        self._plan, self._engine, self._begun, self._record = plan, engine, begun, record
        self._per_epoch = per_epoch
        self._done = 0
        self.rows: list[dict[str, Any]] = []

    @property
    def next(self) -> int | None:
        """After how many rounds the next one is due; None if there is none left."""
        entries = self._plan.entries[self._done :]
        return entries[0][0] if entries else None

    def act(self) -> bool:
        """Let everything happen that is due, and say whether there was anything."""
        before = self._done
        while self.next is not None and self.next <= self._engine.round_number:
            _, planned = self._plan.entries[self._done]
            event = perform(self._engine, planned.intervention)
            self._done += 1
            rows = [
                {"round": event.round, "epoch": event.round // self._per_epoch, "replica": replica, "what": planned.what}
                | {"nodes": list(nodes)}
                for replica, nodes in enumerate(event.nodes)
            ]
            self.rows += rows
            if self._record is not None:
                self._record.append_events(rows)
        return self._done > before

    def happened(self) -> Happened | None:
        """What a checkpoint must know; None if nothing has happened."""
        if not self._done:
            return None
        structure = Structure.of(self._engine.setups)
        return Happened(self._done, json.dumps(self.rows), structure.arrays, structure.about)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Bring the engine to where the checkpoint left it.

        Raises:
            NeuroNetError: The checkpoint is broken, or of another game.
        """
        happened = checkpoint.happened
        if happened is None:
            self._engine.restore(checkpoint.state)
            return
        self._done, self.rows = happened.done, happened.rows()
        structure = Structure(happened.structure, happened.about)
        self._engine.adopt(structure.setups(self._begun, checkpoint.state, self._policies()), checkpoint.state)

    def _policies(self) -> list[Policy]:
        """All that neurons may have come to follow."""
        layers = range(1, len(self._begun[0].network.sizes))
        begun = [group.policy for setup in self._begun for layer in layers for group in setup.groups(layer)]
        planned = [getattr(each.intervention, "policy", None) for _, each in self._plan.entries]
        return [*begun, *(policy for policy in planned if policy is not None)]


def planned_for(texts: Sequence[str], engine: Engine, per_epoch: int, rounds: int) -> Plan:
    """The plan of a run that begins; refused now if it will be impossible later.

    Args:
        texts: As in the configuration.
        engine: Which will play; it is left as it is.
        per_epoch: Rounds in an epoch.
        rounds: Rounds in the run.

    Raises:
        NeuroNetError: Something is impossible.
    """
    plan = Plan.of(texts, per_epoch)
    if plan.entries:
        state = engine.state()
        plan.rehearse(engine.setups, State(0, state.arrays), rounds)
    return plan
