"""Table of a run in a Gymnasium environment, for the terminal."""

from __future__ import annotations

from rich.table import Table

from neuronet.cli import console
from neuronet.control import ControlResult


def table_of_control(result: ControlResult) -> Table:
    """Return the result of a run as a table."""
    eval_returns, steps = result.eval_returns, int(result.episodes["steps"].sum())
    rows = {
        "played": f"{len(result.episodes):,} episodes, {steps:,} steps, in {result.rounds:,} rounds, {result.seconds:.1f} s",
        "mean return": f"{eval_returns.mean():.1f} over {eval_returns.size} episodes, minimum {eval_returns.min():.1f}",
    }
    if result.threshold is not None:
        rows["solved"] = f"{'yes' if result.solved else 'no'}, the threshold is {result.threshold:g}"
    return console.run_table(result, **rows)
