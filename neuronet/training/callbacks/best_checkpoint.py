"""The best model of a run."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from neuronet.core import ConfigurationError
from neuronet.models import Model, load
from neuronet.recording import BEST_MODEL
from neuronet.training.callbacks.base import Callback, RunProgress
from neuronet.training.callbacks.metrics import check_has_values, check_metric, costs


class BestCheckpoint(Callback):
    """Keep the network as it was after the best epoch, for `result.best_model`.

    A recorded run keeps it as `best.safetensors` in its folder, which `neuronet.load` reads. Of replicas, each has its own best
    epoch; the file has that of the first. The network at the end, `result.model`, stays the last one. A model chosen by a test
    metric has a test metric that looks better than it is; see EarlyStopping for the remedy.

    Args:
        metric: Metric to compare: test_loss, test_accuracy, train_loss or train_accuracy. Of equal epochs, the first counts.

    Attributes:
        models: Best model of each replica; empty before the end of the first epoch.

    Raises:
        SpecError: There is no such metric.
    """

    def __init__(self, metric: str = "test_loss") -> None:
        self.metric = check_metric(metric)
        self.models: tuple[Model, ...] = ()
        self._first = 0  # number of epochs before those that are compared

    def on_run_begin(self, run: RunProgress) -> None:
        """Take over the best model of a resumed run; where its folder has none, the epochs from now on are compared.

        Raises:
            ConfigurationError: The run has replicas, whose best models are not all in the folder.
            DataError: The file cannot be read.
        """
        check_has_values(self.metric, run)
        self.models, self._first = (), len(run.history) // run.replicas
        if not run.history or run.folder is None:
            return
        if run.replicas > 1:
            raise ConfigurationError("the best of several replicas cannot be resumed: the folder has that of the first only")
        if (run.folder / BEST_MODEL).exists():
            model = load(run.folder / BEST_MODEL)
            best = int(np.argmin(costs(self.metric, run.values(self.metric)[:, 0]))) + 1
            if model.facts.get("epoch") == best:  # not one of another metric, or of epochs that will be played again
                self.models, self._first = (model,), 0

    def on_epoch_end(self, run: RunProgress) -> None:
        """Keep the networks that are better than before."""
        values = costs(self.metric, run.values(self.metric))[self._first :]
        improved = values[-1] < values[:-1].min(axis=0) if self.models else np.ones(run.replicas, dtype=np.bool_)
        if not improved.any():
            return
        now = run.models()
        old = self.models or now
        self.models = tuple(new if better else kept for new, kept, better in zip(now, old, improved, strict=True))
        if improved[0] and run.folder is not None:
            with suppress(ConfigurationError):  # a policy that fires at random and cannot be written as text
                self.models[0].save(run.folder / BEST_MODEL)
