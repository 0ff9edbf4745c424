"""Our benchmark of forgetting beside Avalanche's own strategies: same tensors, same first weights, same batches.

Each row is a method of ours, the strategy of Avalanche that should be the same, and what is left between them, seed by seed.

python benchmarks/against_avalanche.py [--protocol "permuted(tasks=4)"] [--environment digits] [--seeds 10] [--json FILE]
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

from neuronet.continual.avalanche import MatchedBatches, PolicyStrategy, SynapticIntelligence, accuracies, to_module
from neuronet.continual.avalanche.imports import load, plugins
from neuronet.continual.evaluation.metrics import final_accuracy
from neuronet.continual.evaluation.runner import Experiment
from neuronet.continual.methods.registry import parse_method
from neuronet.continual.protocols.presets import Schedule
from neuronet.continual.protocols.registry import parse_protocol
from neuronet.policies import IncomeProtecting
from neuronet.registry import parse_environment
from neuronet.statistics import interval

EWC, SI = 10.0, 1.0
"""Strengths of ours. Avalanche's EWC does not halve its penalty, and its SI does; its LwF is without the squared temperature."""


@dataclass(frozen=True)
class Row:
    ours: str
    theirs: str
    plugins: Callable[[], list[Any]] = list
    fisher_batch: int | None = None  # samples whose gradients its EWC averages before it squares them; None for a batch
    policy: IncomeProtecting | None = None


ROWS = [
    Row("backprop", "Naive"),
    Row(f"ewc(strength={EWC:g})", "EWC, as it is", lambda: [plugins.EWCPlugin(EWC / 2)]),
    Row(f"ewc(strength={EWC:g})", "EWC, Fisher by sample", lambda: [plugins.EWCPlugin(EWC / 2)], fisher_batch=1),
    Row(f"si(strength={SI:g})", "SI, as it is", lambda: [plugins.SynapticIntelligencePlugin(2 * SI, eps=0.1)]),
    Row(f"si(strength={SI:g})", "SI, repaired", lambda: [SynapticIntelligence(2 * SI, 0.1)]),
    Row(f"si(strength={SI:g})", "SI, repaired, no clip", lambda: [SynapticIntelligence(2 * SI, 0.1, math.inf)]),
    Row("lwf(strength=1)", "LwF", lambda: [plugins.LwFPlugin(4.0, 2.0)]),
    Row("income-protecting", "PolicyStrategy", policy=IncomeProtecting()),
]


def strategy(row: Row, experiment: Experiment, seed: int, rate: float) -> Any:
    options = {
        "criterion": MatchedBatches(experiment, seed),
        "plugins": row.plugins(),
        "train_mb_size": row.fisher_batch
        or experiment.schedule.batch_size,  # MatchedBatches makes the batches; only EWC asks for it
        "evaluator": None,
    }
    network = experiment.network(seed)
    if row.policy is not None:
        return PolicyStrategy(network=network, population=row.policy, learning_rate=rate, seed=seed, **options)
    module = to_module(network)
    return load("avalanche.training").Naive(model=module, optimizer=torch.optim.SGD(module.parameters(), rate), **options)


def main(
    protocol: Annotated[str, typer.Option(help="One with sharp borders.")] = "permuted(tasks=4)",
    environment: Annotated[str, typer.Option(help="An environment of classes.")] = "digits",
    seeds: Annotated[int, typer.Option(min=2)] = 10,
    iterations: Annotated[int, typer.Option(min=1, help="Rounds a task.")] = 200,
    batch_size: Annotated[int, typer.Option(min=1)] = 32,
    hidden: Annotated[int, typer.Option(min=1, help="Neurons in the hidden layer.")] = 64,
    rate: Annotated[float, typer.Option(help="Learning rate.")] = 0.1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here, too.")] = None,
) -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # Avalanche: that there are no loggers, and of numpy's next version
    experiment = Experiment(parse_protocol(protocol), parse_environment(environment), Schedule(iterations, batch_size), (hidden,))
    table = Table(title=f"{protocol} of {environment}, final accuracy, {seeds} seeds", title_justify="left")
    for heading in ("ours", "Avalanche", "ours, mean", "Avalanche, mean", "ours - Avalanche", "95% interval", "largest"):
        table.add_column(heading, justify="right" if len(table.columns) > 1 else "left")
    found, played = [], {}
    for row in ROWS:
        if row.ours not in played:
            played[row.ours] = experiment.accuracy_matrices(parse_method(row.ours), rate, range(seeds))
        theirs = np.stack([accuracies(experiment, seed, strategy(row, experiment, seed, rate)) for seed in range(seeds)])
        ours, other = final_accuracy(played[row.ours]), final_accuracy(theirs)
        mean, low, high = interval(ours - other)
        largest = float(np.abs(played[row.ours] - theirs).max())  # of any task, after any task, of any seed
        figures = (f"{ours.mean():.4f}", f"{other.mean():.4f}", f"{mean:+.4f}", f"{low:+.4f} to {high:+.4f}", f"{largest:.4f}")
        table.add_row(row.ours, row.theirs, *figures)
        found.append(
            {"ours": row.ours, "theirs": row.theirs, "final": ours.tolist(), "avalanche": other.tolist(), "largest": largest}
        )
        print(row.ours, row.theirs, *figures, flush=True)
    Console(width=130).print(table)
    if json_file is not None:
        json_file.write_text(json.dumps({"protocol": protocol, "environment": environment, "rows": found}, indent=2))


if __name__ == "__main__":
    typer.run(main)
