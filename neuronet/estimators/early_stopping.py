"""Early stopping: a run ends once its validation loss has not fallen for some epochs."""

from __future__ import annotations

import math

from neuronet.training import Callback, Run


class StopOnPlateau(Callback):
    """Callback that lets a run end once the loss on its held-out samples no longer falls.

    Args:
        patience: Number of epochs without an improvement after which the run ends (>= 1).
        tol: Least decrease below the best loss so far that counts as an improvement (>= 0).
    """

    def __init__(self, patience: int, tol: float) -> None:
        self._patience, self._tol = patience, tol
        self._run: Run | None = None
        self._best, self._epochs_since = math.inf, 0

    def watch(self, run: Run) -> None:
        """Take the run to stop, whose callbacks include this one."""
        self._run = run

    def after_epoch(self, epoch: int) -> None:
        """Compare the held-out loss of this epoch with the best so far."""
        if self._run is None:
            return
        loss = float(self._run.metrics.rows[-1]["test_loss"])
        self._epochs_since = 0 if loss < self._best - self._tol else self._epochs_since + 1
        self._best = min(self._best, loss)
        if self._epochs_since >= self._patience:
            self._run.stop()
