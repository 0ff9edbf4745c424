"""Result of a run in a Gymnasium environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.control.config import ControlConfig
from neuronet.core import Network
from neuronet.recording import draw
from neuronet.registry import format_population
from neuronet.training import NetworkLabels


@dataclass(frozen=True, eq=False)
class ControlResult:
    """Result of a run in a Gymnasium environment.

    Attributes:
        config: Configuration of the run.
        episodes: One row per training episode: episode, round, return (not discounted), steps.
        eval_returns: Return of each evaluation episode with the most likely actions; empty after an interruption.
        threshold: Mean return at which the environment counts as solved; None if it has no threshold.
        network: Network at the end.
        labels: Policies of its neurons, for the figure of the network.
        rounds: Number of rounds played.
        seconds: Duration of training in seconds, without the evaluation.
        folder: Folder of the run; None if nothing was recorded.
    """

    config: ControlConfig
    episodes: pd.DataFrame
    eval_returns: NDArray[np.float64]
    threshold: float | None
    network: Network
    labels: NetworkLabels
    rounds: int
    seconds: float
    folder: Path | None

    def __repr__(self) -> str:
        eval_returns = f", mean_return={self.mean_return:.1f}" if self.eval_returns.size else ""
        policy = format_population(self.config.policy)
        return f"ControlResult({self.config.environment}, {policy}, rounds={self.rounds}{eval_returns})"

    @property
    def mean_return(self) -> float | None:
        """Return the mean return of the evaluation episodes; None without evaluation."""
        return float(self.eval_returns.mean()) if self.eval_returns.size else None

    @property
    def solved(self) -> bool | None:
        """Return whether the mean return reaches the environment's threshold; None without a threshold."""
        return None if self.threshold is None or self.mean_return is None else self.mean_return >= self.threshold

    def plot(self, path: str | Path) -> Path:
        """Draw the returns to a .png, .svg or .pdf file."""
        return draw("returns", self.episodes, path, threshold=self.threshold)

    def plot_network(self, path: str | Path) -> Path:
        """Draw the network's attention to a .png, .svg or .pdf file."""
        return draw("network", self.network, path, **self.labels)

    def summary(self) -> dict[str, Any]:
        """Return the result as plain data, as printed by `neuronet control --json`."""
        config = self.config
        return {
            "environment": config.environment,
            "policy": format_population(config.policy),
            "engine": config.engine,
            "seed": config.seed,
            "rounds": self.rounds,
            "episodes": len(self.episodes),
            "steps": int(self.episodes["steps"].sum()),
            "eval_episodes": int(self.eval_returns.size),
            "mean_return": self.mean_return,
            "min_return": float(self.eval_returns.min()) if self.eval_returns.size else None,
            "threshold": self.threshold,
            "solved": self.solved,
            "seconds": round(self.seconds, 3),
            "out": None if self.folder is None else str(self.folder),
        }
