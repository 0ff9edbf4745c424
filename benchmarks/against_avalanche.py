"""Continual-learning methods of NeuroNet compared with Avalanche's strategies: same tensors, initial weights and batches.

Each row has a method of NeuroNet, the corresponding strategy of Avalanche, and their remaining difference over seeds.

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
"""Strengths in NeuroNet. Avalanche's EWC does not halve its penalty, its SI does, and its LwF lacks the squared temperature."""


@dataclass(frozen=True)
class Row:
    method: str
    strategy: str
    plugins: Callable[[], list[Any]] = list
    fisher_batch: int | None = None  # samples in the mean gradient that EWC squares; None for a batch
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
    protocol: Annotated[str, typer.Option(help="Protocol with sharp task boundaries.")] = "permuted(tasks=4)",
    environment: Annotated[str, typer.Option(help="Environment with classes.")] = "digits",
    seeds: Annotated[int, typer.Option(min=2)] = 10,
    iterations: Annotated[int, typer.Option(min=1, help="Rounds of a task.")] = 200,
    batch_size: Annotated[int, typer.Option(min=1)] = 32,
    hidden: Annotated[int, typer.Option(min=1, help="Neurons in the hidden layer (>= 1).")] = 64,
    rate: Annotated[float, typer.Option(help="Learning rate.")] = 0.1,
    json_file: Annotated[Path | None, typer.Option("--json", help="JSON file for the results.")] = None,
) -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # Avalanche warns of missing loggers and of numpy's next version
    experiment = Experiment(parse_protocol(protocol), parse_environment(environment), Schedule(iterations, batch_size), (hidden,))
    table = Table(title=f"{protocol} of {environment}, final accuracy, {seeds} seeds", title_justify="left")
    for heading in ("NeuroNet", "Avalanche", "NeuroNet, mean", "Avalanche, mean", "difference", "95% interval", "largest"):
        table.add_column(heading, justify="right" if len(table.columns) > 1 else "left")
    found, played = [], {}
    for row in ROWS:
        if row.method not in played:
            played[row.method] = experiment.accuracy_matrices(parse_method(row.method), rate, range(seeds))
        matrices = np.stack([accuracies(experiment, seed, strategy(row, experiment, seed, rate)) for seed in range(seeds)])
        own, other = final_accuracy(played[row.method]), final_accuracy(matrices)
        mean, low, high = interval(own - other)
        largest = float(np.abs(played[row.method] - matrices).max())  # of any task, after any task, of any seed
        figures = (f"{own.mean():.4f}", f"{other.mean():.4f}", f"{mean:+.4f}", f"{low:+.4f} to {high:+.4f}", f"{largest:.4f}")
        table.add_row(row.method, row.strategy, *figures)
        found.append(
            {
                "method": row.method,
                "strategy": row.strategy,
                "final": own.tolist(),
                "avalanche": other.tolist(),
                "largest": largest,
            }
        )
        print(row.method, row.strategy, *figures, flush=True)
    Console(width=130).print(table)
    if json_file is not None:
        json_file.write_text(json.dumps({"protocol": protocol, "environment": environment, "rows": found}, indent=2))


if __name__ == "__main__":
    typer.run(main)
