"""What a run measures, records and reacts to, as callbacks of the training loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.engines.base import Engine
from neuronet.execution import Interruption, distributed
from neuronet.interventions import InterventionExecutor
from neuronet.recording import ALIGNMENT, COLUMNS, METRICS, RunDirectory, TraceRecorder
from neuronet.training.alignment import Alignment
from neuronet.training.assembly import RunContext
from neuronet.training.config import RunConfig
from neuronet.training.evaluation import MAX_TRAIN_EVAL_SAMPLES, evaluate
from neuronet.training.trainer import Callback, diverged_error

INTERRUPT_CHECK_SECONDS = 0.1
"""Seconds of rounds between two checks for a request to stop."""


@dataclass(frozen=True)
class Progress:
    """Progress of a run.

    Attributes:
        rounds: Rounds played so far.
        of: Rounds in the whole run.
        epochs: Epochs completed so far.
        metrics: Metrics of the last epoch (means over the replicas); empty before the first has ended.
    """

    rounds: int
    of: int
    epochs: int
    metrics: Mapping[str, float]


ProgressCallback = Callable[[Progress], None]


class StopOnRequest(Callback):
    """Callback that stops a run between two rounds, in all processes after the same one.

    It limits the rounds of a call, so that a request is seen within about INTERRUPT_CHECK_SECONDS.

    Args:
        interruption: Request to stop.
        on_stop: Called once a process has a request; it raises.
    """

    def __init__(self, interruption: Interruption, on_stop: Callable[[], None]) -> None:
        self.interruption, self._on_stop = interruption, on_stop
        self._rounds_per_call = 1
        self._started = time.perf_counter()

    def before_rounds(self) -> None:
        """Agree with the other processes on whether to stop, and on the number of rounds until the next check."""
        requested, self._rounds_per_call = distributed.all_reduce_max((self.interruption.requested, self._rounds_per_call))
        if requested:
            self._on_stop()
        self._started = time.perf_counter()

    def next_stop(self, round_number: int) -> int:
        """Return the round of the next check."""
        return round_number + self._rounds_per_call

    def after_rounds(self, losses: NDArray[Any]) -> None:
        """Adapt the number of rounds to the time that they take."""
        seconds = max(time.perf_counter() - self._started, 1e-6)
        self._rounds_per_call = max(1, int(losses.shape[1] * INTERRUPT_CHECK_SECONDS / seconds))


class ApplyInterventions(Callback):
    """Callback that carries out interventions when they are due."""

    def __init__(self, executor: InterventionExecutor) -> None:
        self._executor = executor

    def before_rounds(self) -> None:
        """Apply the interventions that are due."""
        self._executor.apply_due()

    def next_stop(self, round_number: int) -> int | None:
        """Return the round of the next intervention."""
        return self._executor.next_round


class RecordTraces(Callback):
    """Callback that records the traced neurons of the traced rounds."""

    def __init__(self, recorder: TraceRecorder) -> None:
        self._recorder = recorder
        self._traced = False

    def before_rounds(self) -> None:
        """Remember the state before a traced round."""
        self._traced = self._recorder.begin_round()

    def next_stop(self, round_number: int) -> int:
        """Return the round before or after the next traced one."""
        return self._recorder.next_stop(round_number)

    def after_rounds(self, losses: NDArray[Any]) -> None:
        """Record a traced round."""
        if self._traced:
            self._recorder.end_round()


class RecordMetrics(Callback):
    """Callback that evaluates the networks after every epoch and refuses losses that are not finite.

    Args:
        context: Parts of the run.
        learning_rate: Learning rate of the run, for error messages.
        seconds: Returns the seconds spent on the run.
        run_directory: Record of the run; None if it is not recorded.

    Attributes:
        rows: Metrics of each epoch and replica.
        loss_sum: Sum of the losses of the current epoch's samples so far, (R,).
    """

    def __init__(
        self,
        context: RunContext,
        learning_rate: float,
        seconds: Callable[[], float],
        run_directory: RunDirectory[RunConfig] | None,
    ) -> None:
        self._context, self._learning_rate, self._seconds = context, learning_rate, seconds
        self._run_directory = run_directory
        self._replicas = len(context.setups)
        self.samples = context.engine.prepare(context.environment.train)
        self.test_samples = context.engine.prepare(context.environment.test)
        self.rows: list[dict[str, Any]] = []
        self.loss_sum = np.zeros(self._replicas)

    def after_rounds(self, losses: NDArray[Any]) -> None:
        """Add the losses one by one, so that the sum does not depend on how the rounds are split into calls."""
        for loss in losses.T:
            self.loss_sum = self.loss_sum + loss.astype(np.float64)

    def after_epoch(self, epoch: int) -> None:
        """Evaluate the networks and record their metrics.

        Raises:
            DivergedError: A loss is not finite.
        """
        train_loss = self.loss_sum / self._context.batches.samples
        self.check_finite(train_loss, epoch)
        engine, payoff = self._context.engine, self._context.environment.payoff
        _, train_accuracy = evaluate(engine, payoff, self.samples, self._replicas, MAX_TRAIN_EVAL_SAMPLES)
        test_loss, test_accuracy = evaluate(engine, payoff, self.test_samples, self._replicas)
        self.check_finite(np.asarray(test_loss), epoch)
        rows = [
            {
                "epoch": epoch,
                "round": engine.round_number,
                "replica": replica,
                "train_loss": float(train_loss[replica]),
                "train_accuracy": train_accuracy[replica],
                "test_loss": test_loss[replica],
                "test_accuracy": test_accuracy[replica],
                "seconds": round(self._seconds(), 3),
            }
            for replica in range(self._replicas)
        ]
        self.rows += rows
        self.loss_sum = np.zeros(self._replicas)
        if self._run_directory is not None:
            self._run_directory.append_rows(METRICS, rows)

    def check_finite(self, loss: NDArray[np.float64], epoch: int) -> None:
        """Raise DivergedError if a loss is not finite."""
        if not np.isfinite(loss).all():
            raise diverged_error(epoch, self._learning_rate)


class RecordAlignment(Callback):
    """Callback that measures after every epoch how updates agree with those of error backpropagation.

    Attributes:
        rows: Alignment of each epoch, replica, layer and group.
    """

    def __init__(
        self, context: RunContext, executor: InterventionExecutor, run_directory: RunDirectory[RunConfig] | None
    ) -> None:
        self._context, self._executor, self._run_directory = context, executor, run_directory
        self._alignment = Alignment(context.setups, context.environment)
        self._seen_interventions = 0
        self.rows: list[dict[str, Any]] = []

    def after_epoch(self, epoch: int) -> None:
        """Measure the alignment of the game as interventions have left it, and record it."""
        engine: Engine = self._context.engine
        if self._seen_interventions != len(self._executor.rows):
            self._seen_interventions = len(self._executor.rows)
            self._alignment = Alignment(engine.setups, self._context.environment)
        rows = self._alignment.measure(engine.state(), epoch)
        self.rows += rows
        if self._run_directory is not None:
            self._run_directory.append_rows(ALIGNMENT, rows)


class SaveCheckpoints(Callback):
    """Callback that saves a checkpoint every few epochs, and after the last."""

    def __init__(self, save: Callable[[], None], every: int, epochs: int) -> None:
        self._save, self._every, self._epochs = save, every, epochs

    def after_epoch(self, epoch: int) -> None:
        """Save a checkpoint if one is due."""
        if epoch % self._every == 0 or epoch == self._epochs:
            self._save()


class ReportProgress(Callback):
    """Callback that reports progress a few times a second."""

    def __init__(self, on_progress: ProgressCallback, context: RunContext, epochs: int, metrics: RecordMetrics) -> None:
        self._on_progress, self._context, self._metrics = on_progress, context, metrics
        self._rounds = epochs * context.batches.per_epoch

    def after_rounds(self, losses: NDArray[Any]) -> None:
        """Report the rounds played and the metrics of the last epoch that has ended."""
        replicas, rows = len(self._context.setups), self._metrics.rows
        last = rows[-replicas:]
        means = {name: float(np.mean([row[name] for row in last])) for name in COLUMNS[3:7]} if last else {}
        self._on_progress(Progress(self._context.engine.round_number, self._rounds, len(rows) // replicas, means))
