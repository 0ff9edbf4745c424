"""Table of a run in a Gymnasium environment, for the terminal."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from neuronet.control import ControlResult
from neuronet.registry import format_population


def table_of_control(result: ControlResult) -> Table:
    """Return the result of a run as a table."""
    config, eval_returns, steps = result.config, result.eval_returns, int(result.episodes["steps"].sum())
    policy = format_population(config.policy)
    policy = format_population(config.policy)
    sizes = "-".join(map(str, result.network.sizes))
    rows = {
        "environment": config.environment,
        "network": f"{sizes} {config.activation}, {result.network.connections:,} connections",
        "policy": policy if isinstance(policy, str) else ", ".join(policy),
        "engine": f"{config.engine} on {config.device}, {config.dtype}",
        "played": f"{len(result.episodes):,} episodes, {steps:,} steps, in {result.rounds:,} rounds, {result.seconds:.1f} s",
        "mean return": f"{eval_returns.mean():.1f} over {eval_returns.size} episodes, minimum {eval_returns.min():.1f}",
    }
    if result.threshold is not None:
        rows["solved"] = f"{'yes' if result.solved else 'no'}, the threshold is {result.threshold:g}"
    rows["recorded in"] = str(result.folder)
    table = Table(title=None, show_header=False, box=None, padding=(0, 1))
    for name, value in rows.items():
        table.add_row(f"[bold]{name}[/bold]", escape(value))
    return table
