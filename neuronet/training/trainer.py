"""The training loop. Runs, comparisons, sweeps and games share it; what a study measures or records hooks into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Array, Batches, DivergedError, Samples, lr_factor
from neuronet.training.evaluation import as_numpy


class TrainableEngine(Protocol):
    """Engine that plays rounds; the baseline by autograd is one, too."""

    @property
    def round_number(self) -> int:
        """Number of rounds played so far."""

    def set_lr_factor(self, factor: float) -> None:
        """Scale the learning rate of the following rounds."""

    def play_rounds(self, samples: Samples, order: Array, batch_size: int, /) -> Array:
        """Play the samples in this order and return the summed loss of each round, (rounds,) or (R, rounds)."""


class Callback:
    """Hooks into the training loop, each of which does nothing by default.

    Epochs count from 1. Every hook is called for all callbacks in the order in which the trainer has them.
    """

    def before_epoch(self, epoch: int) -> None:
        """Prepare for an epoch, or for the rest of one; its learning rate is set already."""

    def before_rounds(self) -> None:
        """Act between two rounds: the only place where the engine may be changed."""

    def next_stop(self, round_number: int) -> int | None:
        """Return how many rounds will have been played when `before_rounds` must be called next; None if it does not matter.

        Args:
            round_number: Number of rounds played so far.
        """
        return None

    def after_rounds(self, losses: NDArray[Any]) -> None:
        """Take in the summed losses of the rounds just played, (R, rounds)."""

    def after_epoch(self, epoch: int) -> None:
        """Act after the last round of an epoch."""


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
    ) -> None:
        self.engine, self.batches, self.samples = engine, batches, samples
        self.epochs, self.lr_schedule, self.offset, self.callbacks = epochs, lr_schedule, offset, tuple(callbacks)
        self._stopped = False

    def stop(self) -> None:
        """Let the loop end after the current epoch."""
        self._stopped = True

    def run(self, until: int | None = None) -> None:
        """Play until the engine has played a number of rounds in all; by default, those of all epochs."""
        end = self.offset + self.epochs * self.batches.per_epoch if until is None else until
        while self.engine.round_number < end and not self._stopped:
            self._run_epoch(end)

    def _run_epoch(self, end: int) -> None:
        engine, batches, per_epoch = self.engine, self.batches, self.batches.per_epoch
        epoch, step = divmod(engine.round_number - self.offset, per_epoch)
        first_round = self.offset + epoch * per_epoch
        order = batches.order(epoch)
        engine.set_lr_factor(lr_factor(self.lr_schedule, epoch, self.epochs))
        for callback in self.callbacks:
            callback.before_epoch(epoch + 1)
        with np.errstate(over="ignore", invalid="ignore"):  # callbacks decide what a loss that is not finite means
            while first_round + step < end and step < per_epoch:
                for callback in self.callbacks:
                    callback.before_rounds()
                stops = (callback.next_stop(first_round + step) for callback in self.callbacks)
                last = min(per_epoch, min([end, *(stop for stop in stops if stop is not None)]) - first_round)
                part = order[..., batches.slice_of(step).start : batches.slice_of(last - 1).stop]
                losses = as_numpy(engine.play_rounds(self.samples, part, batches.size)).reshape(len(batches.seeds), -1)
                for callback in self.callbacks:
                    callback.after_rounds(losses)
                step = last
            if step == per_epoch:
                for callback in self.callbacks:
                    callback.after_epoch(epoch + 1)


def diverged_error(epoch: int, learning_rate: float) -> DivergedError:
    """Return the error for a loss that is not finite.

    Args:
        epoch: Epoch in which the loss stopped being finite, from 1.
        learning_rate: Learning rate of the run.
    """
    return DivergedError(f"the loss is no longer a number in epoch {epoch}: choose a learning_rate below {learning_rate:g}")
