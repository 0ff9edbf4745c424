"""The result of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.core import ConfigurationError, Network, Payoff
from neuronet.models import Model
from neuronet.recording import TraceStore, draw
from neuronet.registry import describe_population, format_population
from neuronet.training.config import RunConfig
from neuronet.training.labels import NetworkLabels, in_epochs


@dataclass(frozen=True, eq=False)
class Result:
    """Result of a run.

    Attributes:
        config: Configuration of the run, with everything resolved.
        metrics: A row for each epoch and replica: epoch, round, replica, train_loss (mean over the epoch, while learning),
            train_accuracy (on at most 2,000 training samples), test_loss, test_accuracy, seconds.
        alignment: A row for each epoch, replica, layer and group of neurons: agreement of the update with error
            backpropagation, share of attention, effect of silencing (page Populations); empty if it was not measured.
        inequality: A row for each epoch, replica, layer and group of hidden neurons: Gini's coefficient of their attention, the
            part of the tenth with the most, mean attention and share (page Populations); empty if it was not measured.
        events: A row for each intervention and replica: round and epoch (numbers played before it), replica, what, nodes;
            empty without interventions.
        models: Trained network of each replica, with what prediction needs.
        rounds: Number of rounds played.
        seconds: Duration of the run.
        payoff: Payoff of the environment, which defines the loss.
        labels: Policies, silent neurons and input shape of the first replica, for the figure of its network.
        folder: Folder with the record; None if the run is not recorded.
        trace_store: Traces of the run; None if it was not traced.
        best_models: Best model of each replica, as BestCheckpoint kept it; empty without one.
        stop_reason: Reason why a callback stopped the run; None if it was played to its end.
    """

    config: RunConfig
    metrics: pd.DataFrame
    alignment: pd.DataFrame
    inequality: pd.DataFrame
    events: pd.DataFrame
    models: tuple[Model, ...]
    rounds: int
    seconds: float
    payoff: Payoff
    labels: NetworkLabels
    folder: Path | None
    trace_store: TraceStore | None = None
    best_models: tuple[Model, ...] = ()
    stop_reason: str | None = None

    def __repr__(self) -> str:
        accuracy = "" if self.accuracy is None else f", accuracy={self.accuracy:.4f}"
        policy = describe_population(self.config.policy)
        return f"Result({self.config.environment}, {policy}, rounds={self.rounds}, loss={self.loss:.4f}{accuracy})"

    @property
    def model(self) -> Model:
        """Trained network of the first replica."""
        return self.models[0]

    @property
    def best_model(self) -> Model:
        """Network of the first replica after its best epoch.

        Raises:
            ConfigurationError: It was not kept.
        """
        if not self.best_models:
            raise ConfigurationError("no best model was kept: train with callbacks=[BestCheckpoint()]")
        return self.best_models[0]

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines about the trained networks that a reader should know, each once; see Model.notes."""
        return tuple(dict.fromkeys(note for model in self.models for note in model.notes))

    @property
    def networks(self) -> tuple[Network, ...]:
        """Network of each replica at the end."""
        return tuple(model.network for model in self.models)

    @property
    def network(self) -> Network:
        """Network of the first replica at the end."""
        return self.model.network

    def predict(self, inputs: Any) -> NDArray[Any]:
        """Return predictions of the first replica; see Model.predict."""
        return self.model.predict(inputs)

    def predict_proba(self, inputs: Any) -> NDArray[np.float64]:
        """Return the first replica's probability of each class; see Model.predict_proba."""
        return self.model.predict_proba(inputs)

    def score(self, inputs: Any, targets: Any = None) -> float:
        """Return accuracy or coefficient of determination of the first replica; see Model.score."""
        return self.model.score(inputs, targets)

    def save(self, path: str | Path) -> Path:
        """Write the first replica to a .safetensors file that `neuronet.load` reads; see Model.save."""
        return self.model.save(path)

    @property
    def epochs(self) -> int:
        """Number of epochs that were completed."""
        return 0 if self.metrics.empty else int(self.metrics["epoch"].max())

    @property
    def last(self) -> pd.DataFrame:
        """Last row of each replica's metrics."""
        return self.metrics[self.metrics["epoch"] == self.metrics["epoch"].max()]

    @property
    def loss(self) -> float:
        """Test loss at the end, the mean over the replicas."""
        return float(self.last["test_loss"].mean())

    @property
    def accuracy(self) -> float | None:
        """Test accuracy at the end (0 to 1), the mean over the replicas; None where targets are values."""
        value = float(self.last["test_accuracy"].mean())
        return None if math.isnan(value) else value

    def traces(self) -> pd.DataFrame:
        """Return a row for each traced neuron and round, in the order of rounds; the page Traces describes its columns.

        Raises:
            ConfigurationError: The run was not traced.
        """
        if self.trace_store is None:
            raise ConfigurationError("the run was not traced: train with trace='hidden:16 every 10'")
        return self.trace_store.table()

    @property
    def _marks(self) -> list[tuple[float, str]]:
        """Interventions, after how many epochs and what."""
        rows = [] if self.events.empty else zip(self.events["round"].astype(int), self.events["what"].astype(str), strict=True)
        return in_epochs(rows, self.metrics)

    def plot(self, path: str | Path) -> Path:
        """Draw the learning curves to a .png, .svg or .pdf file."""
        return draw("learning-curves", self.metrics, path, loss_unit=self.payoff.unit, events=self._marks)

    def plot_alignment(self, path: str | Path) -> Path:
        """Draw the angle between updates and those of error backpropagation to a .png, .svg or .pdf file.

        Raises:
            DataError: The alignment was not measured: train with alignment=True.
        """
        return draw("alignment", self.alignment, path, events=self._marks)

    def plot_inequality(self, path: str | Path) -> Path:
        """Draw the inequality of attention, with the accuracy or loss, to a .png, .svg or .pdf file.

        Raises:
            DataError: It was not measured: train with inequality=True.
        """
        options: dict[str, Any] = {"metrics": self.metrics, "loss_unit": self.payoff.unit, "events": self._marks}
        return draw("inequality", self.inequality, path, **options)

    def plot_network(self, path: str | Path) -> Path:
        """Draw the network's attention to a .png, .svg or .pdf file."""
        return draw("network", self.network, path, **self.labels)

    def summary(self) -> dict[str, Any]:
        """Return the result as plain data, as `neuronet run --json` prints it."""
        config = self.config
        summary: dict[str, Any] = {
            "environment": config.environment,
            "policy": format_population(config.policy),
            "engine": config.engine,
            "device": config.device,
            "dtype": config.dtype,
            "seed": config.seed,
            "epochs": config.epochs,
            "stopped": self.stop_reason,
            "rounds": self.rounds,
            "loss": self.loss,
            "accuracy": self.accuracy,
            "seconds": round(self.seconds, 3),
            "out": None if self.folder is None else str(self.folder),
        }
        if config.replicas > 1:
            rows = self.last[["replica", "test_loss", "test_accuracy"]].itertuples(index=False)
            summary["replicas"] = [
                {"seed": config.seeds[int(replica)], "loss": loss, "accuracy": None if math.isnan(accuracy) else accuracy}
                for replica, loss, accuracy in rows
            ]
        return summary
