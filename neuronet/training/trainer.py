"""Playing a run from its beginning, or from its last checkpoint, to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import pace
from neuronet.execution import distributed
from neuronet.execution.signals import Interrupted, Interruption
from neuronet.interventions.executor import Meddling, planned_for
from neuronet.recording.run_directory import ALIGNMENT_COLUMNS, COLUMNS, EVENT_COLUMNS, Checkpoint, Record
from neuronet.recording.traces.recorder import Tracing
from neuronet.recording.traces.store import InMemory, OnDisk
from neuronet.training.alignment import Alignment
from neuronet.training.assembly import Game
from neuronet.training.config import RunConfig
from neuronet.training.evaluation import as_numpy, judge
from neuronet.training.result import Result

TRAINING_SAMPLES_JUDGED = 2000
PATIENCE = 0.1
"""Seconds of rounds between two looks at whether somebody asks to stop."""


@dataclass(frozen=True)
class Progress:
    """How far a run has come.

    Attributes:
        rounds: Rounds played so far.
        of: Rounds in the whole run.
        epochs: Epochs ended so far.
        metrics: The last epoch's metrics (means over the replicas), or none yet.
    """

    rounds: int
    of: int
    epochs: int
    metrics: Mapping[str, float]


Watcher = Callable[[Progress], None]


class Runner:
    """Plays a run.

    Args:
        config: The run's configuration, resolved.
        game: The parts it is played with.
        record: Where it is recorded; None for nowhere.
        watcher: Told a few times a second, and after every epoch.
    """

    def __init__(self, config: RunConfig, game: Game, record: Record | None, watcher: Watcher | None = None) -> None:
        self.config = config
        self.game = game
        self.engine = game.engine
        self.record = record
        self.watcher = watcher
        self.rows: list[dict[str, Any]] = []
        self.alignment_rows: list[dict[str, Any]] = []
        self._alignment = Alignment(game.setups, game.environment) if config.alignment else None
        rounds = game.batches.per_epoch
        plan = planned_for(config.interventions, self.engine, rounds, config.epochs * rounds)
        self.meddling = Meddling(plan, self.engine, game.setups, rounds, record)
        self.tracing: Tracing | None = None
        if config.trace:
            store = InMemory() if record is None else OnDisk(record.folder)
            self.tracing = Tracing(config.trace, self.engine, game.setups, rounds, store)
        self.loss_sum = np.zeros(config.replicas)
        self._at_once = 1
        self._seconds_before = 0.0
        self._started = time.perf_counter()
        self._held = self.engine.hold(game.environment.train)
        self._held_test = self.engine.hold(game.environment.test)

    @property
    def seconds(self) -> float:
        """Time spent on this run, earlier sittings included."""
        return self._seconds_before + time.perf_counter() - self._started

    def resume(self) -> None:
        """Go on from the record's last checkpoint, or from the beginning if there is none."""
        if self.record is None:
            return
        if not distributed.is_first():
            distributed.meet()  # the first has written all that it will, and forgotten what came after the checkpoint
        checkpoint = self.record.load()
        if checkpoint is not None:
            self._check_same_game(checkpoint)
            self.meddling.restore(checkpoint)
            self._look_again()
            self.loss_sum = checkpoint.loss_sum
            self._seconds_before = checkpoint.seconds
        self.record.forget_after(self.engine.round_number)
        self.record.keep_events(self.meddling.rows)
        if self.tracing is not None:
            self.tracing.store.forget_after(self.engine.round_number)
        self.rows = [dict(row) for row in self.record.metrics().to_dict("records")]
        self.alignment_rows = [dict(row) for row in self.record.alignment().to_dict("records")]
        if distributed.is_first():
            distributed.meet()

    def _check_same_game(self, checkpoint: Checkpoint) -> None:
        for part, text in self.game.identity.items():
            if checkpoint.played_with.get(part) != text:
                raise NeuroNetError(f"cannot resume the run: its {part} were not what they are now")
        played = -(-checkpoint.state.round // self.game.batches.per_epoch)
        if self.config.epochs < played:
            raise NeuroNetError(f"epochs must be at least the {played} played, got {self.config.epochs}")

    def run(self, interruption: Interruption) -> Result:
        """Play to the end.

        Raises:
            Interrupted: Someone asked to stop; the run is saved as it stands between two rounds.
            NeuroNetError: The loss is no longer a number.
        """
        per_epoch = self.game.batches.per_epoch
        while self.engine.round_number < self.config.epochs * per_epoch:
            epoch, first = divmod(self.engine.round_number, per_epoch)
            order = self.game.batches.order(epoch)
            self.engine.pace(pace(self.config.schedule, epoch, self.config.epochs))
            with np.errstate(over="ignore", invalid="ignore"):  # a loss that is no number is refused below
                while first < per_epoch:
                    asked, self._at_once = distributed.agree((interruption.asked, self._at_once))
                    if asked:
                        self._check_finite(self.loss_sum, epoch + 1)  # a ruin must not replace the last good checkpoint
                        self._save()
                        raise Interrupted(self._result())
                    if self.meddling.act():
                        self._look_again()
                    last = min(first + self._at_once, per_epoch, self._stop() - epoch * per_epoch)
                    self._play(order[..., self.game.batches.part(first).start : self.game.batches.part(last - 1).stop])
                    first = last
                self._end_epoch(epoch + 1)
        return self._result()

    def _stop(self) -> int:
        """Before which round there is something else to do than to play."""
        ends = [self.config.epochs * self.game.batches.per_epoch, self.meddling.next]
        if self.tracing is not None:
            ends.append(self.tracing.until(self.engine.round_number))
        return min(end for end in ends if end is not None)

    def _look_again(self) -> None:
        """Measure the game as interventions have made it."""
        if self._alignment is not None and self.meddling.rows:
            self._alignment = Alignment(self.engine.setups, self.game.environment)

    def _play(self, order: NDArray[np.int64]) -> None:
        started, before = time.perf_counter(), self.engine.round_number
        traced = self.tracing is not None and self.tracing.before()
        losses = as_numpy(self.engine.play_rounds(self._held, order, self.game.batches.size))
        # one by one, so that the sum is the same however rounds are split
        for loss in losses.reshape(self.config.replicas, -1).T:
            self.loss_sum = self.loss_sum + loss.astype(np.float64)
        if self.tracing is not None and traced:
            self.tracing.after()
        seconds = time.perf_counter() - started
        self._at_once = max(1, int((self.engine.round_number - before) * PATIENCE / max(seconds, 1e-6)))
        if self.watcher is not None:
            self._tell(self.watcher)

    def _tell(self, watcher: Watcher) -> None:
        per_epoch = self.game.batches.per_epoch
        replicas, played = self.config.replicas, self.engine.round_number
        last = self.rows[-replicas:]
        means = {name: float(np.mean([row[name] for row in last])) for name in COLUMNS[3:7]} if last else {}
        watcher(Progress(played, self.config.epochs * per_epoch, len(self.rows) // replicas, means))

    def _end_epoch(self, epoch: int) -> None:
        train_loss = self.loss_sum / self.game.batches.samples
        self._check_finite(train_loss, epoch)
        payoff, replicas = self.game.environment.payoff, self.config.replicas
        _, train_accuracy = judge(self.engine, payoff, self._held, replicas, TRAINING_SAMPLES_JUDGED)
        test_loss, test_accuracy = judge(self.engine, payoff, self._held_test, replicas)
        self._check_finite(np.asarray(test_loss), epoch)
        rows = [
            {
                "epoch": epoch,
                "round": self.engine.round_number,
                "replica": replica,
                "train_loss": float(train_loss[replica]),
                "train_accuracy": train_accuracy[replica],
                "test_loss": test_loss[replica],
                "test_accuracy": test_accuracy[replica],
                "seconds": round(self.seconds, 3),
            }
            for replica in range(self.config.replicas)
        ]
        self.rows += rows
        self.loss_sum = np.zeros(self.config.replicas)
        if self.record is not None:
            self.record.append([*rows])
        if self._alignment is not None:
            self._measure(self._alignment, epoch)
        if epoch % self.config.checkpoint_every == 0 or epoch == self.config.epochs:
            self._save()

    def _check_finite(self, loss: NDArray[np.float64], epoch: int) -> None:
        if not np.isfinite(loss).all():
            raise NeuroNetError(
                f"the loss is no longer a number in epoch {epoch}: "
                f"choose a learning_rate below {self.config.learning_rate:g}, or a policy with smaller answers"
            )

    def _measure(self, alignment: Alignment, epoch: int) -> None:
        rows = alignment.measure(self.engine.state(), epoch)
        self.alignment_rows += rows
        if self.record is not None:
            self.record.append_alignment([*rows])

    def _save(self) -> None:
        if self.tracing is not None:
            self.tracing.store.flush()
        if self.record is not None:
            self.record.save(
                Checkpoint(self.engine.state(), self.loss_sum, self.seconds, self.game.identity, self.meddling.happened())
            )

    def _result(self) -> Result:
        return Result(
            config=self.config,
            metrics=pd.DataFrame(self.rows, columns=list(COLUMNS)),
            alignment=pd.DataFrame(self.alignment_rows, columns=list(ALIGNMENT_COLUMNS)),
            events=pd.DataFrame(self.meddling.rows, columns=list(EVENT_COLUMNS)),
            networks=tuple(self.engine.network(replica) for replica in range(self.config.replicas)),
            rounds=self.engine.round_number,
            seconds=self.seconds,
            payoff=self.game.environment.payoff,
            folder=None if self.record is None else self.record.folder,
            traced=None if self.tracing is None else self.tracing.store,
        )
