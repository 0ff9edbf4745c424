"""Our benchmark of forgetting beside Avalanche's own strategies: same tensors, same first weights, same batches.

Each row is a method of ours, the strategy of Avalanche that should be the same, and what is left between them, seed by seed.

python benchmarks/against_avalanche.py [--protocol "permuted(tasks=4)"] [--data digits] [--seeds 10] [--json FILE]
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

from neuronet.comparison.result import interval
from neuronet.continual.avalanche import Rounds, SocietyStrategy, SynapticIntelligence, accuracies, module_of
from neuronet.continual.avalanche.imports import load, plugins
from neuronet.continual.evaluation.metrics import final_accuracy
from neuronet.continual.evaluation.runner import Course
from neuronet.continual.methods.registry import method_named
from neuronet.continual.protocols.presets import Schedule
from neuronet.continual.protocols.registry import protocol_named
from neuronet.policies import IncomeProtecting
from neuronet.registry.registry import environment_named

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
    Row("income-protecting", "SocietyStrategy", policy=IncomeProtecting()),
]


def strategy(row: Row, course: Course, seed: int, rate: float) -> Any:
    options = {
        "criterion": Rounds(course, seed),
        "plugins": row.plugins(),
        "train_mb_size": row.fisher_batch or course.schedule.batch_size,  # Rounds makes the batches; only EWC asks for it
        "evaluator": None,
    }
    network = course.network(seed)
    if row.policy is not None:
        return SocietyStrategy(network=network, society=row.policy, learning_rate=rate, seed=seed, **options)
    module = module_of(network)
    return load("avalanche.training").Naive(model=module, optimizer=torch.optim.SGD(module.parameters(), rate), **options)


def main(
    protocol: Annotated[str, typer.Option(help="One with sharp borders.")] = "permuted(tasks=4)",
    data: Annotated[str, typer.Option(help="An environment of classes.")] = "digits",
    seeds: Annotated[int, typer.Option(min=2)] = 10,
    iterations: Annotated[int, typer.Option(min=1, help="Rounds a task.")] = 200,
    batch_size: Annotated[int, typer.Option(min=1)] = 32,
    hidden: Annotated[int, typer.Option(min=1, help="Neurons in the hidden layer.")] = 64,
    rate: Annotated[float, typer.Option(help="Learning rate.")] = 0.1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here, too.")] = None,
) -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # Avalanche: that there are no loggers, and of numpy's next version
    course = Course(protocol_named(protocol), environment_named(data), Schedule(iterations, batch_size), (hidden,))
    table = Table(title=f"{protocol} of {data}, final accuracy, {seeds} seeds", title_justify="left")
    for heading in ("ours", "Avalanche", "ours, mean", "Avalanche, mean", "ours - Avalanche", "95% interval", "largest"):
        table.add_column(heading, justify="right" if len(table.columns) > 1 else "left")
    found, played = [], {}
    for row in ROWS:
        if row.ours not in played:
            played[row.ours] = course.play(method_named(row.ours), rate, range(seeds))
        theirs = np.stack([accuracies(course, seed, strategy(row, course, seed, rate)) for seed in range(seeds)])
        mine, other = final_accuracy(played[row.ours]), final_accuracy(theirs)
        mean, low, high = interval(mine - other)
        largest = float(np.abs(played[row.ours] - theirs).max())  # of any task, after any task, of any seed
        figures = (f"{mine.mean():.4f}", f"{other.mean():.4f}", f"{mean:+.4f}", f"{low:+.4f} to {high:+.4f}", f"{largest:.4f}")
        table.add_row(row.ours, row.theirs, *figures)
        found.append(
            {"ours": row.ours, "theirs": row.theirs, "final": mine.tolist(), "avalanche": other.tolist(), "largest": largest}
        )
        print(row.ours, row.theirs, *figures, flush=True)
    Console(width=130).print(table)
    if json_file is not None:
        json_file.write_text(json.dumps({"protocol": protocol, "data": data, "rows": found}, indent=2))


if __name__ == "__main__":
    typer.run(main)
