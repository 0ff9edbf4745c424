"""Final accuracy of each method among configurations of comparable learning accuracy, from the tuning of finished studies.

    python benchmarks/continual/at_equal_learning.py FOLDER ...

The row of a method is its configuration of highest final accuracy (mean over the tuning seeds, on validation samples). The
candidates have a learning accuracy at most one point below that of the configuration that keeping-promises chose.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

REFERENCE, POINT = "keeping-promises", 0.01
CONFIGURATION = ["policy", "learning_rate", "settings"]


def at_equal_learning(folder: Path) -> pd.DataFrame:
    """Return a row for each method that has such a configuration."""
    tried = pd.read_csv(folder / "tuning.csv").groupby(CONFIGURATION, as_index=False)[["final", "learning"]].mean()
    reference = tried[tried["policy"] == REFERENCE]
    least = reference.loc[reference["final"].idxmax(), "learning"] - POINT
    eligible = tried[tried["learning"] >= least]
    return eligible.loc[eligible.groupby("policy")["final"].idxmax()].sort_values("final", ascending=False)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(f"{name}:\n{at_equal_learning(Path(name)).to_string(index=False, float_format='%.4g')}\n")
