"""What each method keeps among the configurations that learn as well: read from the tuning of finished studies.

    python benchmarks/continual/at_equal_learning.py FOLDER ...

A method's line is its configuration of highest final accuracy, means of the tuning seeds on validation samples, among those whose
learning accuracy is at most one point below that of the configuration that keeping-promises chose.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

OURS, POINT = "keeping-promises", 0.01
CONFIGURATION = ["policy", "learning_rate", "settings"]


def at_equal_learning(folder: Path) -> pd.DataFrame:
    """One line for each method that has such a configuration."""
    tried = pd.read_csv(folder / "tuning.csv").groupby(CONFIGURATION, as_index=False)[["final", "learning"]].mean()
    ours = tried[tried["policy"] == OURS]
    least = ours.loc[ours["final"].idxmax(), "learning"] - POINT
    able = tried[tried["learning"] >= least]
    return able.loc[able.groupby("policy")["final"].idxmax()].sort_values("final", ascending=False)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(f"{name}:\n{at_equal_learning(Path(name)).to_string(index=False, float_format='%.4g')}\n")
