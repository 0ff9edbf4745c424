"""What a study of forgetting has come to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.errors import NeuroNetError
from neuronet.forgetting.harness import Course
from neuronet.forgetting.metrics import METRICS
from neuronet.forgetting.statistics import holm, paired
from neuronet.forgetting.tuning import Configuration
from neuronet.run.comparison import interval
from neuronet.run.contest import BASELINE

ACCURACY_COLUMNS = ("policy", "seed", "learnt", "task", "accuracy")
TUNING_COLUMNS = ("policy", "learning_rate", "settings", "seed", "final", "learning")

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
)


@dataclass(frozen=True, eq=False)
class Forgetting:
    """What a study has come to.

    Attributes:
        course: What all had in common.
        table: A line for each method, the best after the baseline: policy, learning_rate, settings (what tuning chose besides, as
            JSON), at_edge, seeds; final, learning, forgetting, backward, forward (see metrics.py), each with its 95% interval
            `_low` to `_high`; and of the final accuracy the paired difference to backprop with its 95% interval, the p values of
            Student's t and Wilcoxon's test, and both adjusted by Holm for the number of methods.
        accuracy: A line for each method, seed, row and task: policy, seed, learnt (tasks learned so far, 0 before the first),
            task (from 1), accuracy (0 to 1).
        tuning: A line for each game that chose parameters: policy, learning_rate, settings, seed, and final
            and learning on validation samples.
        seconds: How long this sitting took.
        folder: Where it is kept; None if it is not.
    """

    course: Course
    table: pd.DataFrame
    accuracy: pd.DataFrame
    tuning: pd.DataFrame
    seconds: float
    folder: Path | None

    def matrix(self, policy: str) -> NDArray[np.float64]:
        """The accuracies of a method, (R, tasks + 1, tasks)."""
        lines = self.accuracy[self.accuracy["policy"] == policy]
        tasks = self.course.protocol.tasks
        values: NDArray[np.float64] = lines["accuracy"].to_numpy(dtype=np.float64)
        return values.reshape(-1, tasks + 1, tasks)

    def plot(self, path: str | Path) -> Path:
        """Draw the mean accuracy over the tasks so far, with bands, to a .png, .svg or .pdf file."""
        from neuronet.forgetting.picture import draw_over_time

        return draw_over_time({name: self.matrix(name) for name in self.table["policy"]}, path)

    def plot_matrix(self, path: str | Path) -> Path:
        """Draw each method's accuracy on each task after each to a .png, .svg or .pdf file."""
        from neuronet.forgetting.picture import draw_matrices

        return draw_matrices({name: self.matrix(name) for name in self.table["policy"]}, path)

    def plot_frontier(self, path: str | Path) -> Path:
        """Draw final against learning accuracy of every configuration that was tried to a .png, .svg or .pdf file.

        Raises:
            NeuroNetError: Nothing was tuned.
        """
        from neuronet.forgetting.picture import draw_frontier

        if self.tuning.empty:
            raise NeuroNetError("there is no frontier to draw: only a study with tune tries several configurations")
        return draw_frontier(self.tuning, path)

    def summary(self) -> dict[str, Any]:
        """The result as plain data, as `neuronet forget --json` prints it."""
        lines = self.table.to_dict("records")
        policies = [{str(name): _plain(value) for name, value in line.items()} for line in lines]
        return {
            "protocol": repr(self.course.protocol),
            "schedule": repr(self.course.schedule),
            "tuned": not self.tuning.empty,
            "policies": [{**each, "settings": json.loads(each["settings"])} for each in policies],
            "seconds": round(self.seconds, 3),
            "out": None if self.folder is None else str(self.folder),
        }


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def table_of(found: Mapping[str, NDArray[np.float64]], chosen: Mapping[str, Configuration]) -> pd.DataFrame:
    """The table of a study.

    Args:
        found: Each method's accuracies, (R, tasks + 1, tasks), of the same seeds.
        chosen: Each method's configuration.
    """
    usual = METRICS["final"](found[BASELINE])
    rows = []
    for name, accuracy in found.items():
        configuration = chosen[name]
        values = {metric: function(accuracy) for metric, function in METRICS.items()}
        spans = [number for value in values.values() for number in interval(value)]
        gaps = (math.nan,) * len(PAIRED_COLUMNS) if name == BASELINE else astuple(paired(values["final"] - usual))
        about = (name, configuration.learning_rate, json.dumps(configuration.chosen), configuration.at_edge, len(accuracy))
        rows.append((*about, *spans, *gaps))
    table = pd.DataFrame(rows, columns=list(TABLE_COLUMNS[:-2]))
    for test in ("p_t", "p_wilcoxon"):
        table[f"{test}_holm"] = holm(table[test].tolist())
    rank = (-table["final"]).where(table["policy"] != BASELINE, -math.inf)
    return table.assign(rank=rank).sort_values("rank", kind="stable")[list(TABLE_COLUMNS)].reset_index(drop=True)
