"""The protocol of callbacks, and the run in progress that they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Array, ConfigurationError, Environment, NeuroNetError, Samples, shortened

if TYPE_CHECKING:
    from neuronet.models import Model

KEYS = ("epoch", "round", "replica")
"""Columns of the metrics that name a row."""


class CallbackError(NeuroNetError):
    """Callback of the caller's own that failed; the exception that it raised is its `__cause__`."""


class TrainableEngine(Protocol):
    """Engine that plays rounds; the baseline by autograd is one, too."""

    @property
    def round_number(self) -> int:
        """Number of rounds played so far."""

    def set_lr_factor(self, factor: float) -> None:
        """Scale the learning rate of the following rounds."""

    def play_rounds(self, samples: Samples, order: Array, batch_size: int, /) -> Array:
        """Play the samples in this order and return the summed loss of each round, (rounds,) or (R, rounds)."""


@dataclass(eq=False)
class RunProgress:
    """Run in progress, as its callbacks see it.

    Attributes:
        engine: Engine that plays the rounds. Between two rounds it may be read: `engine.network()`, `engine.outputs(inputs)`.
        epochs: Number of epochs of the whole run.
        rounds_per_epoch: Number of rounds of an epoch.
        replicas: Number of networks that are trained together, R.
        losses: Mean loss of each replica over the samples of the last round, (R,); nan before the first.
        history: A row for each epoch that has ended and each replica, as in `result.metrics`; empty outside of `train`.
        config: Options of the run (a RunConfig); None outside of `train`.
        environment: Environment of the run; None outside of `train`.
        folder: Folder with the record of the run; None if it is not recorded.
        stop_reason: Reason why a callback has stopped the run; None while it goes on.
        error: Exception with which the run has ended, an interruption included; None if it has not.
        build_models: Returns what `models` does; None outside of `train`.
        offset: Number of rounds at which the first epoch would have begun, if the engine has played other samples before.
    """

    engine: Any
    epochs: int
    rounds_per_epoch: int
    replicas: int
    losses: NDArray[np.float64]
    history: list[dict[str, Any]] = field(default_factory=list)
    config: Any = None
    environment: Environment | None = None
    folder: Path | None = None
    stop_reason: str | None = None
    error: BaseException | None = None
    build_models: Callable[[], tuple[Model, ...]] | None = None
    offset: int = 0

    @property
    def round(self) -> int:
        """Number of rounds played so far."""
        return int(self.engine.round_number)

    @property
    def rounds(self) -> int:
        """Number of rounds of the whole run."""
        return self.offset + self.epochs * self.rounds_per_epoch

    @property
    def epoch(self) -> int:
        """Number of epochs completed so far; in `on_epoch_end`, the number of the epoch that has ended, from 1."""
        return (self.round - self.offset) // self.rounds_per_epoch

    @property
    def metrics(self) -> Mapping[str, float]:
        """Metrics of the last epoch that has ended, the means over the replicas; empty before the first has ended."""
        last = self.history[-self.replicas :]
        names = [name for name in last[0] if name not in KEYS] if last else []
        return {name: float(np.mean([row[name] for row in last])) for name in names}

    def values(self, metric: str) -> NDArray[np.float64]:
        """Return a metric of all epochs that have ended, (epochs, R)."""
        return np.array([row[metric] for row in self.history], dtype=np.float64).reshape(-1, self.replicas)

    def stop(self, reason: str) -> None:
        """Let the run end before the next round; the result has the reason.

        Args:
            reason: Words for the reader of the result, such as "test_loss below 0.1".
        """
        self.stop_reason = self.stop_reason or shortened(str(reason)) or "a callback stopped it"

    def models(self) -> tuple[Model, ...]:
        """Return the network of each replica as it is now, with what prediction needs.

        Raises:
            ConfigurationError: The loop is not that of `train`, so that nothing is known about the inputs and outputs.
        """
        if self.build_models is None:
            raise ConfigurationError("models are known in runs of neuronet.train alone: use run.engine.network()")
        return self.build_models()


class Callback:
    """Hooks into the training loop, each of which does nothing by default.

    The hooks of a run, a round and an epoch are given the run in progress, and may stop it by `run.stop(reason)`. Callbacks are
    called in the order in which they were given. The last three hooks are for callbacks that change the engine or follow all
    losses; between their calls, several rounds are played at once.
    """

    def on_run_begin(self, run: RunProgress) -> None:
        """Prepare for the run, or for the rest of one that is resumed: `run.history` then has the epochs before."""

    def on_round_end(self, run: RunProgress) -> None:
        """Act after a round. Rounds are played one by one only for callbacks that define this, which takes longer."""

    def on_epoch_end(self, run: RunProgress) -> None:
        """Act after the last round of an epoch, when its metrics are known."""

    def on_run_end(self, run: RunProgress) -> None:
        """Release what was opened; called however the run ends, with `run.stop_reason` or `run.error` if there is one."""

    def before_rounds(self, run: RunProgress) -> None:
        """Act between two rounds: the only place where the engine may be changed."""

    def next_stop(self, round_number: int) -> int | None:
        """Return how many rounds will have been played when `before_rounds` must be called next; None if it does not matter.

        Args:
            round_number: Number of rounds played so far.
        """
        return None

    def after_rounds(self, run: RunProgress, losses: NDArray[Any]) -> None:
        """Take in the summed losses of the rounds just played, (R, rounds)."""

    @property
    def wants_rounds(self) -> bool:
        """Whether `on_round_end` is defined."""
        return type(self).on_round_end is not Callback.on_round_end


def check_callbacks(callbacks: object) -> tuple[Callback, ...]:
    """Return callbacks as a tuple.

    Raises:
        ConfigurationError: They are not a list of Callback objects.
    """
    if not isinstance(callbacks, Sequence) or isinstance(callbacks, str):
        raise ConfigurationError(f"callbacks must be a list such as [EarlyStopping()], got {callbacks!r}")
    for callback in callbacks:
        if not isinstance(callback, Callback):
            hint = ": add ()" if isinstance(callback, type) and issubclass(callback, Callback) else ""
            raise ConfigurationError(f"callbacks must be Callback objects such as EarlyStopping(), got {callback!r}{hint}")
    return tuple(callbacks)
