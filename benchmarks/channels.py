"""Test accuracy of attention-seeking on digits with faulty channels and other update schedules, next to undisturbed runs.

python benchmarks/channels.py [--seeds 5] [--jobs 2] [--csv FILE]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
import typer
from joblib import Parallel, delayed

import neuronet
from neuronet.continual.methods.k_winners import keep_largest
from neuronet.core.data.batches import Batches
from neuronet.core.errors import DivergedError
from neuronet.core.learning.lr_schedules import lr_factor
from neuronet.environments import Digits
from neuronet.statistics import interval

HIDDEN, EPOCHS, BATCH, MOMENTUM = (64, 32), 20, 32, 0.9
METHODS = (("attention", 0.005), ("attention", 0.02), ("attention", 0.1), ("random-feedback", 0.02), ("random-feedback", 0.1))
TORCH_METHOD = ("torch", 0.02)
UNDISTURBED = "undisturbed"
COLUMNS = ("player", "learning_rate", "disturbance", "seed", "accuracy")

CHANNELS: tuple[str, ...] = (
    "demand:dropout(0.3)",
    "demand:dropout(0.3, scaled=false)",
    "demand:dropout(0.9)",
    "activity:dropout(0.3)",
    "activity:dropout(0.3, masks_feedback=false)",
    *(f"demand:delay({rounds})" for rounds in range(1, 6)),
    "demand:delay(20)",
    "demand:delay(1, aligned=false)",
    "demand:delay(5, aligned=false)",
    "activity:delay(1, aligned=false)",
    "demand:noise(0.5)",
    "demand:noise(2)",
    "activity:noise(0.5)",
    "activity:noise(2)",
    "demand:quantize(4)",
    "demand:quantize(1)",
    "activity:quantize(4)",
    "activity:quantize(1)",
    "activity:k-winners(0.1)",
    "activity:k-winners(0.1, masks_feedback=false)",
    "demand:k-winners(0.1)",
)
UPDATE_SCHEDULES = (
    "partial(0.5)",
    "partial(0.1)",
    "inactive(0.2)",
    "inactive(0.5)",
    "inactive(0.2, rounds=45)",
    "random-sequential",
)
TORCH_DISTURBANCES = (UNDISTURBED, "activity:dropout(0.3)", "activity:k-winners(0.1)")
"""Disturbances of the baseline by torch's autograd, with its own dropout or k winners."""


def accuracies(policy: str, rate: float, seeds: Sequence[int], disturbance: str) -> list[float]:
    """Return the test accuracy at the end for each seed; nan where the run diverged."""
    options: dict[str, Any] = {"hidden": HIDDEN, "epochs": EPOCHS, "batch_size": BATCH, "optimizer": f"momentum({MOMENTUM})"}
    options |= {"learning_rate": rate, "dtype": "float64", "policy": policy}
    options |= (
        {"channels": disturbance}
        if ":" in disturbance
        else {"update_schedule": disturbance}
        if disturbance in UPDATE_SCHEDULES
        else {}
    )
    engine = "agents" if disturbance == "random-sequential" else "tensors"
    if engine == "tensors" or len(seeds) == 1:
        try:
            result = neuronet.train("digits", engine=engine, device="cpu", seed=seeds[0], replicas=len(seeds), **options)
            return result.last.sort_values("replica")["test_accuracy"].tolist()
        except DivergedError:
            if len(seeds) == 1:
                return [float("nan")]
    return [accuracies(policy, rate, [seed], disturbance)[0] for seed in seeds]


def by_torch(rate: float, seed: int, disturbance: str) -> float:
    """Return the test accuracy of the same network, batches and learning rates with autograd and its own dropout or k winners."""
    torch.manual_seed(seed)
    digits = Digits()
    network = neuronet.build_network((digits.inputs, *HIDDEN, digits.outputs), seed=seed)
    pairs = zip(network.weights, network.biases, strict=True)
    parameters = [torch.tensor(array, requires_grad=True) for pair in pairs for array in pair]
    optimizer = torch.optim.SGD(parameters, lr=rate, momentum=MOMENTUM)

    def forward(inputs: torch.Tensor, learning: bool) -> torch.Tensor:
        for number in range(0, len(parameters), 2):
            inputs = inputs @ parameters[number].T + parameters[number + 1]
            if number < len(parameters) - 2:
                inputs = torch.relu(inputs)
                inputs = torch.dropout(inputs, 0.3, learning) if "dropout" in disturbance else inputs
                inputs = keep_largest(inputs, 0.1) if "k-winners" in disturbance else inputs
        return inputs

    train, test = ((torch.tensor(part.inputs), torch.tensor(part.targets)) for part in (digits.train, digits.test))
    batches = Batches(len(digits.train), BATCH, (seed,))
    for epoch in range(EPOCHS):
        for group in optimizer.param_groups:
            group["lr"] = rate * lr_factor("linear", epoch, EPOCHS)
        for indices in np.split(batches.order(epoch), range(BATCH, len(digits.train), BATCH)):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(forward(train[0][indices], True), train[1][indices]).backward()
            optimizer.step()
    with torch.no_grad():
        return float((forward(test[0], False).argmax(dim=1) == test[1]).double().mean())


def cell(method: str, rate: float, disturbance: str, seeds: Sequence[int]) -> list[tuple[Any, ...]]:
    """Return a row for each seed."""
    torch.set_num_threads(1)
    if method == "torch":
        found = [by_torch(rate, seed, disturbance) for seed in seeds]
    else:
        found = accuracies(method, rate, seeds, disturbance)
    print(f"{method}, {rate}, {disturbance}: {np.mean(found):.4f}", file=sys.stderr)
    return [(method, rate, disturbance, seed, accuracy) for seed, accuracy in zip(seeds, found, strict=True)]


def measure(seeds: int, jobs: int) -> pd.DataFrame:
    """Return a row for each method, learning rate, disturbance and seed."""
    numbers = range(seeds)
    disturbances = (UNDISTURBED, *CHANNELS, *UPDATE_SCHEDULES[:-1])
    cells = [(*method, disturbance, numbers) for method in METHODS for disturbance in disturbances]
    cells += [(*TORCH_METHOD, disturbance, numbers) for disturbance in TORCH_DISTURBANCES]
    # the agent engine is slow: its seeds are jobs of their own, which start first
    slow = [(*method, UPDATE_SCHEDULES[-1], [seed]) for method in METHODS if method[0] == "attention" for seed in numbers]
    parts = Parallel(n_jobs=jobs)(delayed(cell)(*arguments) for arguments in [*slow, *cells])
    return pd.DataFrame([row for rows in parts for row in rows], columns=list(COLUMNS))


def markdown(results: pd.DataFrame) -> str:
    """Return a table of mean test accuracies (%), half their 95% intervals, and mean paired differences to undisturbed runs."""
    columns = (*METHODS, TORCH_METHOD)
    lines = ["| | " + " | ".join(f"{method}, {rate:g}" for method, rate in columns) + " |", "|---|" + "---|" * len(columns)]
    for disturbance in (UNDISTURBED, *CHANNELS, *UPDATE_SCHEDULES):
        name = disturbance if disturbance == UNDISTURBED else f"`{disturbance}`"
        lines.append(f"| {name} | " + " | ".join(_cell(results, method, rate, disturbance) for method, rate in columns) + " |")
    return "\n".join(lines)


def _cell(results: pd.DataFrame, method: str, rate: float, disturbance: str) -> str:
    runs = results[(results["player"] == method) & (results["learning_rate"] == rate)].set_index("seed")
    accuracy, undisturbed = (runs[runs["disturbance"] == name]["accuracy"] for name in (disturbance, UNDISTURBED))
    if accuracy.empty:
        return ""
    if accuracy.isna().any():
        return f"diverged ({accuracy.isna().sum()} of {len(accuracy)})"
    _, low, high = interval(100 * accuracy.to_numpy())
    cell = f"{100 * accuracy.mean():.1f} ± {(high - low) / 2:.1f}"
    if disturbance == UNDISTURBED:
        return cell
    gap = 100 * (accuracy - undisturbed)
    _, low, high = interval(gap.to_numpy())
    return f"{cell} ({gap.mean():+.1f} ± {(high - low) / 2:.1f})"


def main(
    seeds: Annotated[int, typer.Option(min=2, help="Number of seeds (>= 2).")] = 5,
    jobs: Annotated[int, typer.Option(min=1, help="Number of processes (>= 1).")] = 2,
    csv: Annotated[Path | None, typer.Option(help="File for a row of each run.")] = None,
) -> None:
    results = measure(seeds, jobs)
    if csv is not None:
        results.to_csv(csv, index=False, lineterminator="\n", float_format="%.6f")
    print(markdown(results))


if __name__ == "__main__":
    typer.run(main)
