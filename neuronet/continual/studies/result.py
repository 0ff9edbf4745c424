"""Results of a continual-learning study."""

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

from neuronet.continual.evaluation import METRICS, Experiment, SequenceResult, configuration_points, hypervolume
from neuronet.continual.studies.search import Configuration
from neuronet.core import DataError
from neuronet.recording import draw
from neuronet.registry import BASELINE
from neuronet.statistics import holm, interval, paired

ACCURACY_TYPES = {"policy": "object", "seed": "index", "learnt": "index", "task": "count", "accuracy": "share"}
TUNING_TYPES = {"policy": "object", "learning_rate": "float64", "settings": "object", "seed": "index"}
TUNING_TYPES |= {"final": "share", "learning": "share", "wave": "count"}
COST_TYPES = {"policy": "object", "seed": "index", "seconds": "duration", "bytes": "duration"}
ACCURACY_COLUMNS, TUNING_COLUMNS, COST_COLUMNS = tuple(ACCURACY_TYPES), tuple(TUNING_TYPES), tuple(COST_TYPES)

PAIRED_COLUMNS = ("difference", "difference_low", "difference_high", "p_t", "p_wilcoxon")
TABLE_COLUMNS = (
    "policy",
    "learning_rate",
    "settings",
    "at_edge",
    "diverged",
    "seeds",
    *(f"{name}{end}" for name in METRICS for end in ("", "_low", "_high")),
    *PAIRED_COLUMNS,
    "p_t_holm",
    "p_wilcoxon_holm",
    "area",
    "memory",
)
TABLE_TYPES = {
    **dict.fromkeys(TABLE_COLUMNS, "float64"),
    **{"policy": "object", "settings": "object", "at_edge": "bool", "diverged": "float64", "seeds": "count"},
}


@dataclass(frozen=True, eq=False)
class ContinualResult:
    """Result of a study.

    Attributes:
        experiment: Everything that the methods had in common.
        table: A row for each method, the baseline first, then by final accuracy: policy, learning_rate (nan for a method without
            one), settings (tuned parameters, as JSON), at_edge, diverged (runs with an accuracy of 0 on every task in the end),
            seeds; final, learning, forgetting, backward and forward (see metrics.py), each with a 95% interval `_low` to
            `_high`; of the final accuracy the paired difference to backprop with its 95% interval, and the p values of Student's
            t and Wilcoxon's test, each also adjusted by Holm for the number of methods; area (hypervolume, see pareto_front.py;
            nan without tuning) and memory (bytes kept beyond the network).
        accuracy: A row for each method, seed, number of tasks learned and task: policy, seed, learnt (0 before the first
            task), task (from 1), accuracy (0 to 1).
        tuning: A row for each run of tuning: policy, learning_rate, settings, seed, final and learning on validation samples,
            and wave: 1, or more for configurations that were tried later; the last one is that of the finalists, if any.
        costs: A row for each method and seed: policy, seed, seconds (of learning; they vary from run to run), bytes (as memory).
        seconds: Duration of the study, or of its last part if it was resumed.
        folder: Folder that keeps the study; None for none.
    """

    experiment: Experiment
    table: pd.DataFrame
    accuracy: pd.DataFrame
    tuning: pd.DataFrame
    costs: pd.DataFrame
    seconds: float
    folder: Path | None

    def matrix(self, policy: str) -> NDArray[np.float64]:
        """Return the accuracies of a method, (R, tasks + 1, tasks)."""
        return accuracy_matrix(self.accuracy, policy, self.experiment.protocol.tasks)

    @property
    def matrices(self) -> dict[str, NDArray[np.float64]]:
        """Accuracies of each method, (R, tasks + 1, tasks)."""
        return {name: self.matrix(name) for name in self.table["policy"]}

    @property
    def search(self) -> pd.DataFrame:
        """Best mean final accuracy that each method had found after a number of games of tuning: policy, games, best."""
        return search_curve(self.tuning)

    @property
    def times(self) -> dict[str, float]:
        """Learning time of each method as a multiple of backprop's: medians over the seeds."""
        return relative_times(self.costs)

    def plot(self, path: str | Path) -> Path:
        """Draw the mean accuracy over the tasks so far, with intervals, to a .png, .svg or .pdf file."""
        return draw("continual-accuracy", self.matrices, path)

    def plot_matrix(self, path: str | Path) -> Path:
        """Draw each method's accuracy on each task after each task to a .png, .svg or .pdf file."""
        return draw("continual-matrices", self.matrices, path)

    def plot_frontier(self, path: str | Path) -> Path:
        """Draw final against learning accuracy of every configuration tried to a .png, .svg or .pdf file.

        Raises:
            DataError: Nothing was tuned.
        """
        if self.tuning.empty:
            raise DataError("a Pareto front needs several configurations: run the study with tune")
        return draw("continual-frontier", self.tuning, path)

    def summary(self) -> dict[str, Any]:
        """Return the result as plain data, as printed by `neuronet continual --json`."""
        times = self.times
        records = [{**record, "time": finite_or_none(times[record["policy"]])} for record in plain_records(self.table)]
        return {
            "protocol": repr(self.experiment.protocol),
            "schedule": repr(self.experiment.schedule),
            "tuned": not self.tuning.empty,
            "policies": records,
            "seconds": round(self.seconds, 3),
            "out": None if self.folder is None else str(self.folder),
        }


@dataclass(frozen=True, eq=False)
class FinishedStudy:
    """Finished study, read from its folder.

    Attributes:
        name: Its protocol and environment, such as "split-class(tasks=5), digits"; with its folder if another has the same.
        table: Table as in ContinualResult, and `time`: learning time as a multiple of backprop's.
        matrices: Accuracies of each method, (R, tasks + 1, tasks).
    """

    name: str
    table: pd.DataFrame
    matrices: Mapping[str, NDArray[np.float64]]


def accuracy_matrix(accuracy: pd.DataFrame, policy: str, tasks: int) -> NDArray[np.float64]:
    """Return the accuracies of a method, (R, tasks + 1, tasks), from a table with ACCURACY_COLUMNS."""
    values = accuracy.loc[accuracy["policy"] == policy, "accuracy"].to_numpy(dtype=np.float64)
    return np.asarray(values).reshape(-1, tasks + 1, tasks)


def relative_times(costs: pd.DataFrame) -> dict[str, float]:
    """Return each method's median seconds, divided by backprop's, from a table with COST_COLUMNS."""
    medians = costs.groupby("policy")["seconds"].median()
    return {str(name): float(ratio) for name, ratio in (medians / medians[BASELINE]).items()}


def search_curve(tuning: pd.DataFrame) -> pd.DataFrame:
    """Return the highest mean final accuracy that each method had found after a number of games.

    Args:
        tuning: A table with TUNING_COLUMNS; a game is one row: one configuration with one seed, through all tasks. Those of
            finalists, who had their games before, do not count.

    Returns:
        A row for each method and configuration, in the order in which they were tried: policy, games, best.
    """
    keys = ["policy", "learning_rate", "settings"]
    first = tuning["wave"] == tuning.groupby(keys, dropna=False)["wave"].transform("min")
    found = tuning[first].astype({"final": "float64"})
    means = found.groupby(keys, sort=False, dropna=False)["final"].agg(["mean", "count"]).reset_index()
    by_method = means.groupby("policy", sort=False)
    curve = means.assign(games=by_method["count"].cumsum(), best=by_method["mean"].cummax())
    return curve[["policy", "games", "best"]].sort_values("policy", kind="stable", ignore_index=True)


def finite_or_none(value: Any) -> Any:
    """Return a value for JSON: None for a number that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def plain_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a study's table as plain data for JSON."""
    records = [{str(name): finite_or_none(value) for name, value in row.items()} for row in table.to_dict("records")]
    return [{**record, "settings": json.loads(record["settings"] or "{}")} for record in records]


def build_result(
    experiment: Experiment,
    chosen: Mapping[str, Configuration],
    results: Mapping[str, Sequence[SequenceResult]],
    tuning: pd.DataFrame,
    seed: int,
    seconds: float,
    folder: Path | None,
) -> ContinualResult:
    """Return the result of a study.

    Args:
        experiment: Everything that the methods had in common.
        chosen: Configuration of each method.
        results: Result of each method for each seed.
        tuning: Table with TUNING_COLUMNS.
        seed: First seed.
        seconds: Duration.
        folder: Folder that keeps the study.
    """
    matrices = {name: np.stack([result.accuracy for result in by_seed]) for name, by_seed in results.items()}
    rows = [
        (name, seed + replica, learnt, task + 1, value)
        for name, matrix in matrices.items()
        for (replica, learnt, task), value in np.ndenumerate(matrix)
    ]
    cost_rows = [
        (name, seed + replica, result.seconds, result.memory_bytes)
        for name, by_seed in results.items()
        for replica, result in enumerate(by_seed)
    ]
    costs = pd.DataFrame(cost_rows, columns=list(COST_COLUMNS))
    table = build_table(matrices, chosen)
    areas = {} if tuning.empty else {name: hypervolume(points) for name, points in configuration_points(tuning).items()}
    memory = costs.groupby("policy")["bytes"].mean().round()
    table["area"] = [areas.get(name, math.nan) for name in table["policy"]]
    table["memory"] = [memory[name] for name in table["policy"]]
    accuracy = pd.DataFrame(rows, columns=list(ACCURACY_COLUMNS))
    return ContinualResult(experiment, table[list(TABLE_COLUMNS)], accuracy, tuning, costs, seconds, folder)


def build_table(matrices: Mapping[str, NDArray[np.float64]], chosen: Mapping[str, Configuration]) -> pd.DataFrame:
    """Return the table of a study without its last two columns, area and memory.

    Args:
        matrices: Accuracies of each method, (R, tasks + 1, tasks), for the same seeds.
        chosen: Configuration of each method.
    """
    baseline = METRICS["final"](matrices[BASELINE])
    rows = []
    for name, matrix in matrices.items():
        configuration = chosen[name]
        values = {metric: function(matrix) for metric, function in METRICS.items()}
        spans = [number for value in values.values() for number in interval(value)]
        gaps = (math.nan,) * len(PAIRED_COLUMNS) if name == BASELINE else astuple(paired(values["final"] - baseline))
        diverged = int((matrix[:, -1] == 0).all(axis=-1).sum())
        settings = json.dumps(configuration.settings)
        first = (name, configuration.learning_rate, settings, configuration.at_edge, diverged, len(matrix))
        rows.append((*first, *spans, *gaps))
    table = pd.DataFrame(rows, columns=list(TABLE_COLUMNS[:-4]))
    for test in ("p_t", "p_wilcoxon"):
        table[f"{test}_holm"] = holm(table[test].tolist())
    rank = (-table["final"]).where(table["policy"] != BASELINE, -math.inf)
    return table.assign(rank=rank).sort_values("rank", kind="stable")[list(TABLE_COLUMNS[:-2])].reset_index(drop=True)
