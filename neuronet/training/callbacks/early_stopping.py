"""Early stopping."""

from __future__ import annotations

import math

from neuronet.core import check_number
from neuronet.training.callbacks.base import Callback, RunProgress
from neuronet.training.callbacks.metrics import check_has_values, check_metric, costs


class EarlyStopping(Callback):
    """Stop a run when a metric has not improved for some epochs.

    Of replicas, the mean counts. A run that is resumed counts the epochs before, too.

    Test metrics are measured on the environment's test samples: a stop that is chosen by them makes the final test metrics look
    better than they are. To keep the test samples untouched, train on `environment.validation_split()`: its test samples are a
    sixth of the environment's training samples.

    Args:
        metric: Metric to compare: test_loss, test_accuracy, train_loss or train_accuracy.
        patience: Number of epochs without an improvement after which the run stops (>= 1).
        min_delta: Least change that counts as an improvement (>= 0), in the unit of the metric.

    Raises:
        SpecError: There is no such metric.
        ConfigurationError: A number is out of range.
    """

    def __init__(self, metric: str = "test_loss", patience: int = 5, min_delta: float = 0.0) -> None:
        check_number("patience", patience, 1, whole=True)
        check_number("min_delta", min_delta, 0)
        self.metric, self.patience, self.min_delta = check_metric(metric), patience, min_delta

    def on_run_begin(self, run: RunProgress) -> None:
        """Stop at once if the epochs of a resumed run ask for it."""
        check_has_values(self.metric, run)
        self.on_epoch_end(run)

    def on_epoch_end(self, run: RunProgress) -> None:
        """Stop the run if the last epochs have not improved."""
        best, best_epoch, epoch = math.inf, 0, 0
        for epoch, cost in enumerate(costs(self.metric, run.values(self.metric).mean(axis=1)).tolist(), start=1):
            if cost < best - self.min_delta or best_epoch == 0:
                best, best_epoch = cost, epoch
        if epoch - best_epoch >= self.patience:
            value = -best if self.metric.endswith("accuracy") else best
            since = f"{epoch - best_epoch} epoch{'s' if epoch - best_epoch > 1 else ''}"
            run.stop(f"{self.metric} has not improved for {since}; best was {value:.4f} in epoch {best_epoch}")
