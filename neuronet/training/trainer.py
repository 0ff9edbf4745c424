"""The training loop. Runs, comparisons, sweeps and games share it; what a study measures or records hooks into it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from neuronet.core import Batches, Samples, lr_factor
from neuronet.training.callbacks.base import Callback, RunProgress, TrainableEngine
from neuronet.training.evaluation import as_numpy


class Trainer:
    """Loop over epochs and rounds: learning rate, order of samples, rounds, and the hooks in between.

    Args:
        engine: Engine to train. It may have played before: the loop continues after its last round.
        batches: Order of the samples in each epoch, for each of R replicas.
        samples: Training samples as the engine's `prepare` returned them.
        epochs: Number of epochs of the whole run (>= 1), which the learning-rate schedule refers to.
        lr_schedule: Name of the learning-rate schedule.
        offset: Number of rounds at which the first epoch would have begun, if the engine has played other samples before; it
            may be negative.
        callbacks: Hooks, in the order of their calls.
        progress: Run in progress, as the callbacks are given it; None for one of the other arguments.

    Attributes:
        progress: Run in progress.
    """

    def __init__(
        self,
        engine: TrainableEngine,
        batches: Batches,
        samples: Samples,
        *,
        epochs: int = 1,
        lr_schedule: str = "constant",
        offset: int = 0,
        callbacks: Sequence[Callback] = (),
        progress: RunProgress | None = None,
    ) -> None:
        self.engine, self.batches, self.samples = engine, batches, samples
        self.epochs, self.lr_schedule, self.offset, self.callbacks = epochs, lr_schedule, offset, tuple(callbacks)
        replicas = len(batches.seeds)
        losses = np.full(replicas, np.nan)
        self.progress = progress or RunProgress(engine, epochs, batches.per_epoch, replicas, losses, offset=offset)
        self._round_by_round = [callback for callback in self.callbacks if callback.wants_rounds]

    def run(self, until: int | None = None) -> None:
        """Play until the engine has played a number of rounds in all, or a callback stops the run.

        Args:
            until: The number of rounds; None for those of all epochs.
        """
        end = self.offset + self.epochs * self.batches.per_epoch if until is None else until
        self.progress.stop_reason = self.progress.error = None
        begun: list[Callback] = []
        try:
            for callback in self.callbacks:
                begun.append(callback)
                callback.on_run_begin(self.progress)
            while self.engine.round_number < end and self.progress.stop_reason is None:
                self._run_epoch(end)
        except BaseException as error:
            self.progress.error = error
            for callback in begun:
                with suppress(Exception):  # the first error is the one to report
                    callback.on_run_end(self.progress)
            raise
        for callback in self.callbacks:
            callback.on_run_end(self.progress)

    def _run_epoch(self, end: int) -> None:
        engine, batches, per_epoch, progress = self.engine, self.batches, self.batches.per_epoch, self.progress
        epoch, step = divmod(engine.round_number - self.offset, per_epoch)
        first_round = self.offset + epoch * per_epoch
        order = batches.order(epoch)
        engine.set_lr_factor(lr_factor(self.lr_schedule, epoch, self.epochs))
        with np.errstate(over="ignore", invalid="ignore"):  # callbacks decide what a loss that is not finite means
            while first_round + step < end and step < per_epoch and progress.stop_reason is None:
                for callback in self.callbacks:
                    callback.before_rounds(progress)
                last = self._next_stop(first_round + step, min(end, first_round + per_epoch)) - first_round
                part = order[..., batches.slice_of(step).start : batches.slice_of(last - 1).stop]
                losses = as_numpy(engine.play_rounds(self.samples, part, batches.size)).reshape(len(batches.seeds), -1)
                played = batches.slice_of(last - 1)
                progress.losses = losses[:, -1] / (played.stop - played.start)
                for callback in self.callbacks:
                    callback.after_rounds(progress, losses)
                for callback in self._round_by_round:
                    callback.on_round_end(progress)
                step = last
            if step == per_epoch:
                for callback in self.callbacks:
                    callback.on_epoch_end(progress)

    def _next_stop(self, round_number: int, end: int) -> int:
        """Return how many rounds will have been played when the callbacks must be called next."""
        if self._round_by_round:
            return round_number + 1
        stops = (callback.next_stop(round_number) for callback in self.callbacks)
        return min([end, *(stop for stop in stops if stop is not None)])
