"""What a run in a Gymnasium environment has come to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.control.config import ControlConfig
from neuronet.core.structure.network import Network
from neuronet.recording.figures import draw
from neuronet.registry import format_population
from neuronet.training.network_labels import NetworkLabels


@dataclass(frozen=True, eq=False)
class ControlResult:
    """What a run in a Gymnasium environment has come to.

    Attributes:
        config: Its configuration.
        episodes: A line for each episode that was learnt from: episode, round, return (not discounted), steps.
        eval_returns: The return of each judged episode, all actions being the most likely ones; empty if the run was interrupted.
        threshold: The mean return from which on the environment counts as solved; None where it does not say.
        network: The network as it is now.
        labels: Policies of its neurons, for the figure of the network.
        rounds: How many rounds were played.
        seconds: How long it took, judging left out.
        folder: Where it is recorded; None if it is not.
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
        """The mean return of the judged episodes."""
        return float(self.eval_returns.mean()) if self.eval_returns.size else None

    @property
    def solved(self) -> bool | None:
        """Whether the judged episodes reach the environment's own threshold; None where there is none."""
        return None if self.threshold is None or self.mean_return is None else self.mean_return >= self.threshold

    def plot(self, path: str | Path) -> Path:
        """Draw the returns to a .png, .svg or .pdf file."""
        return draw("returns", self.episodes, path, threshold=self.threshold)

    def plot_network(self, path: str | Path) -> Path:
        """Draw the network's attention to a .png, .svg or .pdf file."""
        return draw("network", self.network, path, **self.labels)

    def summary(self) -> dict[str, Any]:
        """The result as plain data, as `neuronet control --json` prints it."""
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
