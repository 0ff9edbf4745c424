"""What a run has come to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from neuronet.core.errors import NeuroNetError
from neuronet.core.payoff import Payoff
from neuronet.core.structure.network import Network
from neuronet.recording.traces.store import TraceStore
from neuronet.registry import format_population
from neuronet.training.config import RunConfig


@dataclass(frozen=True, eq=False)
class Result:
    """What a run has come to.

    Attributes:
        config: Its configuration, with everything resolved.
        metrics: A line for each epoch and replica: epoch, round, replica, train_loss (mean over the epoch, while learning),
            train_accuracy (on at most 2,000 training samples), test_loss, test_accuracy, seconds.
        alignment: A line for each epoch, replica, layer and group of neurons: how their update agrees with that of error
            backpropagation, and what attention and accuracy they hold (docs/populations.md); empty where it was not measured.
        events: A line for each intervention and replica: round and epoch (how many had been played), replica, what, nodes (to
            whom); empty where there were none.
        networks: The network of each replica as it is now.
        rounds: How many rounds were played.
        seconds: How long it took.
        payoff: What the loss is.
        folder: Where it is recorded; None if it is not.
        trace_store: The rows of its traces; None if it was not traced.
    """

    config: RunConfig
    metrics: pd.DataFrame
    alignment: pd.DataFrame
    events: pd.DataFrame
    networks: tuple[Network, ...]
    rounds: int
    seconds: float
    payoff: Payoff
    folder: Path | None
    trace_store: TraceStore | None = None

    def __repr__(self) -> str:
        right = "" if self.accuracy is None else f", accuracy={self.accuracy:.4f}"
        policy = format_population(self.config.policy)
        return f"Result({self.config.environment}, {policy}, rounds={self.rounds}, loss={self.loss:.4f}{right})"

    @property
    def network(self) -> Network:
        """The network as it is now; of the first replica, if there are several."""
        return self.networks[0]

    @property
    def last(self) -> pd.DataFrame:
        """The last line of each replica's metrics."""
        return self.metrics[self.metrics["epoch"] == self.metrics["epoch"].max()]

    @property
    def loss(self) -> float:
        """Test loss at the end; the mean over the replicas."""
        return float(self.last["test_loss"].mean())

    @property
    def accuracy(self) -> float | None:
        """Test accuracy at the end, 0 to 1; the mean over the replicas; None where targets are values."""
        value = float(self.last["test_accuracy"].mean())
        return None if math.isnan(value) else value

    def traces(self) -> pd.DataFrame:
        """What was traced: a row for each neuron and round that is traced, in the order of rounds (docs/traces.md).

        Raises:
            NeuroNetError: Nothing was.
        """
        if self.trace_store is None:
            raise NeuroNetError("the run was not traced: train with trace='hidden:16 every 10'")
        return self.trace_store.table()

    def plot(self, path: str | Path) -> Path:
        """Draw the learning curves to a .png, .svg or .pdf file."""
        from neuronet.plotting.learning_curves import draw_curves

        return draw_curves(self.metrics, path, loss_unit=self.payoff.unit)

    def plot_alignment(self, path: str | Path) -> Path:
        """Draw the angle between updates and those of error backpropagation to a .png, .svg or .pdf file.

        Raises:
            NeuroNetError: It was not measured: train with alignment=True.
        """
        from neuronet.plotting.alignment import draw_alignment

        return draw_alignment(self.alignment, path)

    def plot_network(self, path: str | Path) -> Path:
        """Draw the network's attention to a .png, .svg or .pdf file."""
        from neuronet.plotting.picture import draw_network

        return draw_network(self.network, path)

    def summary(self) -> dict[str, Any]:
        """The result as plain data, as `neuronet run --json` prints it."""
        config = self.config
        summary: dict[str, Any] = {
            "environment": config.environment,
            "policy": format_population(config.policy),
            "engine": config.engine,
            "device": config.device,
            "dtype": config.dtype,
            "seed": config.seed,
            "epochs": config.epochs,
            "rounds": self.rounds,
            "loss": self.loss,
            "accuracy": self.accuracy,
            "seconds": round(self.seconds, 3),
            "out": None if self.folder is None else str(self.folder),
        }
        if config.replicas > 1:
            rows = self.last[["replica", "test_loss", "test_accuracy"]].itertuples(index=False)
            summary["replicas"] = [
                {"seed": config.seeds[int(r)], "loss": loss, "accuracy": None if math.isnan(right) else right}
                for r, loss, right in rows
            ]
        return summary
