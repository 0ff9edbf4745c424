"""Callbacks of every run that measure it and record it: metrics, further measurements, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DivergedError
from neuronet.engines.base import Engine, Setup, State
from neuronet.interventions import InterventionExecutor
from neuronet.recording import METRICS, RunDirectory
from neuronet.training.assembly import RunContext
from neuronet.training.callbacks.base import Callback, RunProgress
from neuronet.training.config import RunConfig
from neuronet.training.evaluation import MAX_TRAIN_EVAL_SAMPLES, evaluate


class RecordMetrics(Callback):
    """Callback that evaluates the networks after every epoch and refuses losses that are not finite.

    Args:
        context: Parts of the run.
        learning_rate: Learning rate of the run, for error messages.
        seconds: Returns the seconds spent on the run.
        run_directory: Record of the run; None if it is not recorded.

    Attributes:
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
        self.loss_sum = np.zeros(self._replicas)

    def after_rounds(self, run: RunProgress, losses: NDArray[Any]) -> None:
        """Add the losses one by one, so that the sum does not depend on how the rounds are split into calls."""
        for loss in losses.T:
            self.loss_sum = self.loss_sum + loss.astype(np.float64)

    def on_epoch_end(self, run: RunProgress) -> None:
        """Evaluate the networks, record their metrics and append them to the history.

        Raises:
            DivergedError: A loss is not finite.
        """
        epoch = run.epoch
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
        run.history += rows
        self.loss_sum = np.zeros(self._replicas)
        if self._run_directory is not None:
            self._run_directory.append_rows(METRICS, rows)

    def check_finite(self, loss: NDArray[np.float64], epoch: int) -> None:
        """Raise DivergedError if a loss is not finite."""
        if not np.isfinite(loss).all():
            raise diverged_error(epoch, self._learning_rate)


class Measurement(Protocol):
    """Measurement of a network that is repeated after every epoch."""

    def measure(self, state: State, epoch: int) -> list[dict[str, Any]]:
        """Return the rows of an epoch."""


class RecordMeasurement(Callback):
    """Callback that measures the networks after every epoch, and records the rows.

    Args:
        make: Prepares the measurement for the setups of the replicas; again whenever an intervention has changed them.
        context: Parts of the run.
        executor: Executor of the interventions.
        file: Table of the run directory.
        run_directory: Record of the run; None if it is not recorded.

    Attributes:
        file: As above.
        rows: Rows of all epochs.
    """

    def __init__(
        self,
        make: Callable[[Sequence[Setup]], Measurement],
        context: RunContext,
        executor: InterventionExecutor,
        file: str,
        run_directory: RunDirectory[RunConfig] | None,
    ) -> None:
        self._make, self._context, self._executor, self._run_directory = make, context, executor, run_directory
        self.file = file
        self._measurement = make(context.setups)
        self._seen_interventions = 0
        self.rows: list[dict[str, Any]] = []

    def on_epoch_end(self, run: RunProgress) -> None:
        """Measure the game as interventions have left it, and record it."""
        engine: Engine = self._context.engine
        if self._seen_interventions != len(self._executor.rows):
            self._seen_interventions = len(self._executor.rows)
            self._measurement = self._make(engine.setups)
        rows = self._measurement.measure(engine.state(), run.epoch)
        self.rows += rows
        if self._run_directory is not None:
            self._run_directory.append_rows(self.file, rows)


class SaveCheckpoints(Callback):
    """Callback that saves a checkpoint every few epochs, and where the run ends.

    Args:
        save: Saves a checkpoint.
        every: Number of epochs between two checkpoints.
    """

    def __init__(self, save: Callable[[], None], every: int) -> None:
        self._save, self._every = save, every
        self._saved_round = -1

    def on_epoch_end(self, run: RunProgress) -> None:
        """Save a checkpoint if one is due."""
        if run.epoch % self._every == 0 or run.epoch == run.epochs:
            self._save_at(run.round)

    def on_run_end(self, run: RunProgress) -> None:
        """Save a checkpoint where a callback has stopped the run."""
        if run.error is None and run.stop_reason is not None and self._saved_round != run.round:
            self._save_at(run.round)

    def _save_at(self, number: int) -> None:
        self._save()
        self._saved_round = number


def diverged_error(epoch: int, learning_rate: float) -> DivergedError:
    """Return the error for a loss that is not finite.

    Args:
        epoch: Epoch in which the loss stopped being finite, from 1.
        learning_rate: Learning rate of the run.
    """
    return DivergedError(f"the loss is no longer a number in epoch {epoch}: choose a learning_rate below {learning_rate:g}")
