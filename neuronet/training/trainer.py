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
from neuronet.core.learning.optimizers import lr_factor
from neuronet.execution import distributed
from neuronet.execution.signals import Interrupted, Interruption
from neuronet.interventions.executor import InterventionExecutor, build_schedule
from neuronet.recording import ALIGNMENT_COLUMNS, COLUMNS, EVENT_COLUMNS, Checkpoint, RunDirectory
from neuronet.recording.traces.recorder import TraceRecorder
from neuronet.recording.traces.store import MemoryTraceStore, ParquetTraceStore
from neuronet.training.alignment import Alignment
from neuronet.training.assembly import RunContext
from neuronet.training.config import RunConfig
from neuronet.training.evaluation import as_numpy, evaluate
from neuronet.training.result import Result

MAX_TRAIN_EVAL_SAMPLES = 2000
INTERRUPT_CHECK_SECONDS = 0.1
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


ProgressCallback = Callable[[Progress], None]


class Trainer:
    """Plays a run.

    Args:
        config: The run's configuration, resolved.
        context: The parts it is played with.
        run_directory: Where it is recorded; None for nowhere.
        on_progress: Told a few times a second, and after every epoch.
    """

    def __init__(
        self,
        config: RunConfig,
        context: RunContext,
        run_directory: RunDirectory[RunConfig] | None,
        on_progress: ProgressCallback | None = None,
    ) -> None:
        self.config = config
        self.context = context
        self.engine = context.engine
        self.run_directory = run_directory
        self.on_progress = on_progress
        self.rows: list[dict[str, Any]] = []
        self.alignment_rows: list[dict[str, Any]] = []
        self._alignment = Alignment(context.setups, context.environment) if config.alignment else None
        rounds = context.batches.per_epoch
        schedule = build_schedule(config.interventions, self.engine, rounds, config.epochs * rounds)
        self.interventions = InterventionExecutor(schedule, self.engine, context.setups, rounds, self._append_events)
        self.recorder: TraceRecorder | None = None
        if config.trace:
            store = MemoryTraceStore() if run_directory is None else ParquetTraceStore(run_directory.folder)
            self.recorder = TraceRecorder(config.trace, self.engine, context.setups, rounds, store)
        self.loss_sum = np.zeros(config.replicas)
        self._rounds_per_call = 1
        self._seconds_before = 0.0
        self._started = time.perf_counter()
        self._train_samples = self.engine.prepare(context.environment.train)
        self._test_samples = self.engine.prepare(context.environment.test)

    @property
    def seconds(self) -> float:
        """Time spent on this run, earlier sittings included."""
        return self._seconds_before + time.perf_counter() - self._started

    def resume(self) -> None:
        """Go on from the record's last checkpoint, or from the beginning if there is none."""
        if self.run_directory is None:
            return
        if not distributed.is_main_process():
            distributed.barrier()  # the first has written all that it will, and forgotten what came after the checkpoint
        checkpoint = self.run_directory.load()
        if checkpoint is not None:
            self._check_same_game(checkpoint)
            self.interventions.restore(checkpoint.state, checkpoint.intervention_log)
            self._rebuild_alignment()
            self.loss_sum = checkpoint.loss_sum
            self._seconds_before = checkpoint.seconds
        self.run_directory.truncate_after(self.engine.round_number)
        self.run_directory.rewrite_events(self.interventions.rows)
        if self.recorder is not None:
            self.recorder.store.truncate_after(self.engine.round_number)
        self.rows = [dict(row) for row in self.run_directory.metrics().to_dict("records")]
        self.alignment_rows = [dict(row) for row in self.run_directory.alignment().to_dict("records")]
        if distributed.is_main_process():
            distributed.barrier()

    def _check_same_game(self, checkpoint: Checkpoint) -> None:
        for part, text in self.context.provenance.items():
            if checkpoint.provenance.get(part) != text:
                raise NeuroNetError(f"cannot resume the run: its {part} were not what they are now")
        played = -(-checkpoint.state.round // self.context.batches.per_epoch)
        if self.config.epochs < played:
            raise NeuroNetError(f"epochs must be at least the {played} played, got {self.config.epochs}")

    def run(self, interruption: Interruption) -> Result:
        """Play to the end.

        Raises:
            Interrupted: Someone asked to stop; the run is saved as it stands between two rounds.
            NeuroNetError: The loss is no longer a number.
        """
        per_epoch = self.context.batches.per_epoch
        while self.engine.round_number < self.config.epochs * per_epoch:
            epoch, first = divmod(self.engine.round_number, per_epoch)
            order = self.context.batches.order(epoch)
            self.engine.set_lr_factor(lr_factor(self.config.lr_schedule, epoch, self.config.epochs))
            with np.errstate(over="ignore", invalid="ignore"):  # a loss that is no number is refused below
                while first < per_epoch:
                    stop_requested, self._rounds_per_call = distributed.all_reduce_max(
                        (interruption.requested, self._rounds_per_call)
                    )
                    if stop_requested:
                        self._check_finite(self.loss_sum, epoch + 1)  # a ruin must not replace the last good checkpoint
                        self._save()
                        raise Interrupted(self._result())
                    if self.interventions.apply_due():
                        self._rebuild_alignment()
                    last = min(first + self._rounds_per_call, per_epoch, self._next_stop() - epoch * per_epoch)
                    self._play(
                        order[..., self.context.batches.slice_of(first).start : self.context.batches.slice_of(last - 1).stop]
                    )
                    first = last
                self._end_epoch(epoch + 1)
        return self._result()

    def _next_stop(self) -> int:
        """Before which round there is something else to do than to play."""
        ends = [self.config.epochs * self.context.batches.per_epoch, self.interventions.next_round]
        if self.recorder is not None:
            ends.append(self.recorder.next_stop(self.engine.round_number))
        return min(end for end in ends if end is not None)

    def _rebuild_alignment(self) -> None:
        """Measure the game as interventions have made it."""
        if self._alignment is not None and self.interventions.rows:
            self._alignment = Alignment(self.engine.setups, self.context.environment)

    def _play(self, order: NDArray[np.int64]) -> None:
        started, before = time.perf_counter(), self.engine.round_number
        traced = self.recorder is not None and self.recorder.begin_round()
        losses = as_numpy(self.engine.play_rounds(self._train_samples, order, self.context.batches.size))
        # one by one, so that the sum is the same however rounds are split
        for loss in losses.reshape(self.config.replicas, -1).T:
            self.loss_sum = self.loss_sum + loss.astype(np.float64)
        if self.recorder is not None and traced:
            self.recorder.end_round()
        seconds = time.perf_counter() - started
        self._rounds_per_call = max(1, int((self.engine.round_number - before) * INTERRUPT_CHECK_SECONDS / max(seconds, 1e-6)))
        if self.on_progress is not None:
            self._report_progress(self.on_progress)

    def _report_progress(self, on_progress: ProgressCallback) -> None:
        per_epoch = self.context.batches.per_epoch
        replicas, played = self.config.replicas, self.engine.round_number
        last = self.rows[-replicas:]
        means = {name: float(np.mean([row[name] for row in last])) for name in COLUMNS[3:7]} if last else {}
        on_progress(Progress(played, self.config.epochs * per_epoch, len(self.rows) // replicas, means))

    def _end_epoch(self, epoch: int) -> None:
        train_loss = self.loss_sum / self.context.batches.samples
        self._check_finite(train_loss, epoch)
        payoff, replicas = self.context.environment.payoff, self.config.replicas
        _, train_accuracy = evaluate(self.engine, payoff, self._train_samples, replicas, MAX_TRAIN_EVAL_SAMPLES)
        test_loss, test_accuracy = evaluate(self.engine, payoff, self._test_samples, replicas)
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
        if self.run_directory is not None:
            self.run_directory.append([*rows])
        if self._alignment is not None:
            self._measure_alignment(self._alignment, epoch)
        if epoch % self.config.checkpoint_every == 0 or epoch == self.config.epochs:
            self._save()

    def _check_finite(self, loss: NDArray[np.float64], epoch: int) -> None:
        if not np.isfinite(loss).all():
            raise NeuroNetError(
                f"the loss is no longer a number in epoch {epoch}: "
                f"choose a learning_rate below {self.config.learning_rate:g}, or a policy with smaller answers"
            )

    def _append_events(self, rows: list[dict[str, Any]]) -> None:
        if self.run_directory is not None:
            self.run_directory.append_events(rows)

    def _measure_alignment(self, alignment: Alignment, epoch: int) -> None:
        rows = alignment.measure(self.engine.state(), epoch)
        self.alignment_rows += rows
        if self.run_directory is not None:
            self.run_directory.append_alignment([*rows])

    def _save(self) -> None:
        if self.recorder is not None:
            self.recorder.store.flush()
        if self.run_directory is not None:
            self.run_directory.save(
                Checkpoint(
                    self.engine.state(),
                    self.loss_sum,
                    self.seconds,
                    self.context.provenance,
                    self.interventions.intervention_log(),
                )
            )

    def _result(self) -> Result:
        return Result(
            config=self.config,
            metrics=pd.DataFrame(self.rows, columns=list(COLUMNS)),
            alignment=pd.DataFrame(self.alignment_rows, columns=list(ALIGNMENT_COLUMNS)),
            events=pd.DataFrame(self.interventions.rows, columns=list(EVENT_COLUMNS)),
            networks=tuple(self.engine.network(replica) for replica in range(self.config.replicas)),
            rounds=self.engine.round_number,
            seconds=self.seconds,
            payoff=self.context.environment.payoff,
            folder=None if self.run_directory is None else self.run_directory.folder,
            trace_store=None if self.recorder is None else self.recorder.store,
        )
