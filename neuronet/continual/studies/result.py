"""What a study of forgetting has come to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.comparison.contestant import BASELINE
from neuronet.continual.evaluation.metrics import METRICS
from neuronet.continual.evaluation.pareto_front import configuration_points, hypervolume
from neuronet.continual.evaluation.runner import Experiment, SequenceResult
from neuronet.continual.studies.search import Configuration
from neuronet.core.errors import NeuroNetError
from neuronet.statistics import holm, interval, paired

ACCURACY_COLUMNS = ("policy", "seed", "learnt", "task", "accuracy")
TUNING_COLUMNS = ("policy", "learning_rate", "settings", "seed", "final", "learning", "wave")
COST_COLUMNS = ("policy", "seed", "seconds", "bytes")

PAIRED_COLUMNS = ("difference", "difference_low", "difference_high", "p_t", "p_wilcoxon")
TABLE_COLUMNS = (
    "policy",
    "learning_rate",
    "settings",
    "at_edge",
    "seeds",
    *(f"{name}{end}" for name in METRICS for end in ("", "_low", "_high")),
    *PAIRED_COLUMNS,
    "p_t_holm",
    "p_wilcoxon_holm",
    "area",
    "memory",
)


@dataclass(frozen=True, eq=False)
class ContinualResult:
    """What a study has come to.

    Attributes:
        experiment: What all had in common.
        table: A line for each method, the best after the baseline: policy, learning_rate, settings (what tuning chose besides, as
            JSON), at_edge, seeds; final, learning, forgetting, backward, forward (see metrics.py), each with its 95% interval
            `_low` to `_high`; and of the final accuracy the paired difference to backprop with its 95% interval, the p values of
            Student's t and Wilcoxon's test, and both adjusted by Holm for the number of methods; area (under the frontier, see
            frontier.py; nan where nothing was tuned) and memory (bytes kept beyond the network, see costs.py).
        accuracy: A line for each method, seed, row and task: policy, seed, learnt (tasks learned so far, 0 before the first),
            task (from 1), accuracy (0 to 1).
        tuning: A line for each game that chose parameters: policy, learning_rate, settings, seed, final and
            learning on validation samples, and wave: 1, or more for what was tried when ranges were widened.
        costs: A line for each method and seed: policy, seed, seconds (of learning; no two sittings agree), bytes (as memory).
        seconds: How long this sitting took.
        folder: Where it is kept; None if it is not.
    """

    experiment: Experiment
    table: pd.DataFrame
    accuracy: pd.DataFrame
    tuning: pd.DataFrame
    costs: pd.DataFrame
    seconds: float
    folder: Path | None

    def matrix(self, policy: str) -> NDArray[np.float64]:
        """The accuracies of a method, (R, tasks + 1, tasks)."""
        lines = self.accuracy[self.accuracy["policy"] == policy]
        tasks = self.experiment.protocol.tasks
        values: NDArray[np.float64] = lines["accuracy"].to_numpy(dtype=np.float64)
        return values.reshape(-1, tasks + 1, tasks)

    @property
    def times(self) -> dict[str, float]:
        """Each method's seconds of learning a game, as a multiple of backprop's: the medians of the seeds."""
        return relative_times(self.costs)

    def plot(self, path: str | Path) -> Path:
        """Draw the mean accuracy over the tasks so far, with bands, to a .png, .svg or .pdf file."""
        from neuronet.plotting.continual.accuracy import draw_average_accuracy

        return draw_average_accuracy({name: self.matrix(name) for name in self.table["policy"]}, path)

    def plot_matrix(self, path: str | Path) -> Path:
        """Draw each method's accuracy on each task after each to a .png, .svg or .pdf file."""
        from neuronet.plotting.continual.accuracy import draw_matrices

        return draw_matrices({name: self.matrix(name) for name in self.table["policy"]}, path)

    def plot_frontier(self, path: str | Path) -> Path:
        """Draw final against learning accuracy of every configuration that was tried to a .png, .svg or .pdf file.

        Raises:
            NeuroNetError: Nothing was tuned.
        """
        from neuronet.plotting.continual.accuracy import draw_frontier

        if self.tuning.empty:
            raise NeuroNetError("there is no frontier to draw: only a study with tune tries several configurations")
        return draw_frontier(self.tuning, path)

    def summary(self) -> dict[str, Any]:
        """The result as plain data, as `neuronet continual --json` prints it."""
        lines = self.table.to_dict("records")
        times = self.times
        policies = [
            {str(name): to_json_value(value) for name, value in {**line, "time": times[line["policy"]]}.items()} for line in lines
        ]
        return {
            "protocol": repr(self.experiment.protocol),
            "schedule": repr(self.experiment.schedule),
            "tuned": not self.tuning.empty,
            "policies": [{**each, "settings": json.loads(each["settings"])} for each in policies],
            "seconds": round(self.seconds, 3),
            "out": None if self.folder is None else str(self.folder),
        }


def relative_times(costs: pd.DataFrame) -> dict[str, float]:
    """Each method's median seconds, divided by backprop's."""
    medians = costs.groupby("policy")["seconds"].median()
    return {str(name): float(each) for name, each in (medians / medians[BASELINE]).items()}


def to_json_value(value: Any) -> Any:
    """What JSON has a word for: None for what is no finite number."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def build_result(
    experiment: Experiment,
    chosen: Mapping[str, Configuration],
    played: Mapping[str, Sequence[SequenceResult]],
    tuning: pd.DataFrame,
    seed: int,
    seconds: float,
    folder: Path | None,
) -> ContinualResult:
    """What a study has come to.

    Args:
        experiment: What all had in common.
        chosen: Each method's configuration.
        played: Each method's games, seed by seed.
        tuning: As a Forgetting has it.
        seed: The first.
        seconds: How long the sitting took.
        folder: Where it is kept.
    """
    found = {name: np.stack([game.accuracy for game in games]) for name, games in played.items()}
    rows = [
        (name, seed + replica, learnt, task + 1, value)
        for name, accuracy in found.items()
        for (replica, learnt, task), value in np.ndenumerate(accuracy)
    ]
    costs = [
        (name, seed + replica, game.seconds, game.memory_bytes)
        for name, games in played.items()
        for replica, game in enumerate(games)
    ]
    spent = pd.DataFrame(costs, columns=list(COST_COLUMNS))
    table = build_table(found, chosen)
    areas = {} if tuning.empty else {name: hypervolume(points) for name, points in configuration_points(tuning).items()}
    memory = spent.groupby("policy")["bytes"].mean().round()
    table["area"] = [areas.get(name, math.nan) for name in table["policy"]]
    table["memory"] = [memory[name] for name in table["policy"]]
    accuracy = pd.DataFrame(rows, columns=list(ACCURACY_COLUMNS))
    return ContinualResult(experiment, table[list(TABLE_COLUMNS)], accuracy, tuning, spent, seconds, folder)


def build_table(found: Mapping[str, NDArray[np.float64]], chosen: Mapping[str, Configuration]) -> pd.DataFrame:
    """The table of a study.

    Args:
        found: Each method's accuracies, (R, tasks + 1, tasks), of the same seeds.
        chosen: Each method's configuration.
    """
    baseline = METRICS["final"](found[BASELINE])
    rows = []
    for name, accuracy in found.items():
        configuration = chosen[name]
        values = {metric: function(accuracy) for metric, function in METRICS.items()}
        spans = [number for value in values.values() for number in interval(value)]
        gaps = (math.nan,) * len(PAIRED_COLUMNS) if name == BASELINE else astuple(paired(values["final"] - baseline))
        about = (name, configuration.learning_rate, json.dumps(configuration.chosen), configuration.at_edge, len(accuracy))
        rows.append((*about, *spans, *gaps))
    table = pd.DataFrame(rows, columns=list(TABLE_COLUMNS[:-4]))
    for test in ("p_t", "p_wilcoxon"):
        table[f"{test}_holm"] = holm(table[test].tolist())
    rank = (-table["final"]).where(table["policy"] != BASELINE, -math.inf)
    return table.assign(rank=rank).sort_values("rank", kind="stable")[list(TABLE_COLUMNS[:-2])].reset_index(drop=True)
