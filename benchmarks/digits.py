"""Accuracy of policies on digits with default settings over seeds, and agreement of both engines.

python benchmarks/digits.py [--seeds 5] [--json FILE]
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

import neuronet


def measure(policy: str, seeds: int) -> dict[str, object]:
    """Return the test accuracies of a policy for each seed, and the largest difference of parameters between the engines."""
    accuracies, gaps, seconds = [], [], {"agents": [], "tensors": []}
    for seed in range(seeds):
        runs = [neuronet.train("digits", policy=policy, engine=engine, seed=seed, dtype="float64") for engine in seconds]
        for run in runs:
            seconds[run.config.engine].append(run.seconds)
        agents, tensors = ((*run.network.weights, *run.network.biases) for run in runs)
        gaps.append(max(float(np.abs(a - b).max()) for a, b in zip(agents, tensors, strict=True)))
        if runs[0].accuracy != runs[1].accuracy:
            raise SystemExit(f"{policy}, seed {seed}: the engines' accuracies differ")
        accuracies.append(runs[0].accuracy)
    medians = {name: float(np.median(durations)) for name, durations in seconds.items()}
    return {"policy": policy, "accuracies": accuracies, "gap": max(gaps), "seconds": medians}


def main(
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds (>= 1).")] = 5,
    json_file: Annotated[Path | None, typer.Option("--json", help="JSON file for the results.")] = None,
) -> None:
    table = Table(title=f"digits, default settings, {seeds} seeds", title_justify="left")
    for heading in ("policy", "accuracy, median", "least", "most", "engines apart by", "agents, s", "tensors, s"):
        table.add_column(heading, justify="right" if table.columns else "left")
    results = [measure(name, seeds) for name in ("attention", "greedy", "noisy")]
    for row in results:
        found = np.array(row["accuracies"])
        times = (f"{row['seconds'][name]:.2f}" for name in ("agents", "tensors"))
        spread = (f"{np.median(found):.4f}", f"{found.min():.4f}", f"{found.max():.4f}")
        table.add_row(row["policy"], *spread, f"{row['gap']:.0e}", *times)
    Console().print(table)
    if json_file is not None:
        json_file.write_text(json.dumps({"seeds": seeds, "results": results}, indent=2))


if __name__ == "__main__":
    typer.run(main)
