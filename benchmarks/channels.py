"""How attention-seeking copes with channels that fail and with other turns: test accuracy on digits, beside undisturbed runs.

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
from neuronet.comparison.result import interval
from neuronet.continual.methods.k_winners import loudest
from neuronet.core.batches import Batches
from neuronet.core.learning.optimizers import pace
from neuronet.environments import Digits

HIDDEN, EPOCHS, BATCH, MOMENTUM = (64, 32), 20, 32, 0.9
PLAYERS = (("attention", 0.005), ("attention", 0.02), ("attention", 0.1), ("random-feedback", 0.02), ("random-feedback", 0.1))
PEER = ("torch", 0.02)
STILL = "undisturbed"
COLUMNS = ("player", "learning_rate", "disturbance", "seed", "accuracy")

CHANNELS: tuple[str, ...] = (
    "demand:dropped(0.3)",
    "demand:dropped(0.3, scaled=false)",
    "demand:dropped(0.9)",
    "activity:dropped(0.3)",
    "activity:dropped(0.3, told=false)",
    *(f"demand:delayed({rounds})" for rounds in range(1, 6)),
    "demand:delayed(20)",
    "demand:delayed(1, aligned=false)",
    "demand:delayed(5, aligned=false)",
    "activity:delayed(1, aligned=false)",
    "demand:blurred(0.5)",
    "demand:blurred(2)",
    "activity:blurred(0.5)",
    "activity:blurred(2)",
    "demand:quantised(4)",
    "demand:quantised(1)",
    "activity:quantised(4)",
    "activity:quantised(1)",
    "activity:rationed(0.1)",
    "activity:rationed(0.1, told=false)",
    "demand:rationed(0.1)",
)
TURNS = ("partial(0.5)", "partial(0.1)", "sleeping(0.2)", "sleeping(0.5)", "sleeping(0.2, rounds=45)", "random-order")
PEERS = (STILL, "activity:dropped(0.3)", "activity:rationed(0.1)")
"""What torch's autograd can do besides, with dropout and k winners of its own."""


def accuracies(policy: str, rate: float, seeds: Sequence[int], disturbed: str) -> list[float]:
    """Test accuracy at the end, for each seed; nan where the loss was no longer a number."""
    options: dict[str, Any] = {"hidden": HIDDEN, "epochs": EPOCHS, "batch_size": BATCH, "rule": f"momentum({MOMENTUM})"}
    options |= {"learning_rate": rate, "dtype": "float64", "policy": policy}
    options |= {"channels": disturbed} if ":" in disturbed else {"turns": disturbed} if disturbed in TURNS else {}
    engine = "agents" if disturbed == "random-order" else "tensors"
    if engine == "tensors" or len(seeds) == 1:
        try:
            result = neuronet.train("digits", engine=engine, device="cpu", seed=seeds[0], replicas=len(seeds), **options)
            return [float(each) for each in result.last.sort_values("replica")["test_accuracy"]]
        except neuronet.NeuroNetError as error:
            if "no longer a number" not in str(error):
                raise
            if len(seeds) == 1:
                return [float("nan")]
    return [accuracies(policy, rate, [seed], disturbed)[0] for seed in seeds]


def by_torch(rate: float, seed: int, disturbed: str) -> float:
    """The same network, batches and learning rates with torch's autograd and its own dropout, or k winners."""
    torch.manual_seed(seed)
    world = Digits()
    network = neuronet.build_network((world.inputs, *HIDDEN, world.outputs), seed=seed)
    pairs = zip(network.weights, network.biases, strict=True)
    parameters = [torch.tensor(each, requires_grad=True) for pair in pairs for each in pair]
    optimizer = torch.optim.SGD(parameters, lr=rate, momentum=MOMENTUM)

    def said(inputs: torch.Tensor, learning: bool) -> torch.Tensor:
        for number in range(0, len(parameters), 2):
            inputs = inputs @ parameters[number].T + parameters[number + 1]
            if number < len(parameters) - 2:
                inputs = torch.relu(inputs)
                inputs = torch.dropout(inputs, 0.3, learning) if "dropped" in disturbed else inputs
                inputs = loudest(inputs, 0.1) if "rationed" in disturbed else inputs
        return inputs

    train, test = ((torch.tensor(part.inputs), torch.tensor(part.targets)) for part in (world.train, world.test))
    batches = Batches(len(world.train), BATCH, (seed,))
    for epoch in range(EPOCHS):
        for group in optimizer.param_groups:
            group["lr"] = rate * pace("linear", epoch, EPOCHS)
        for chosen in np.split(batches.order(epoch), range(BATCH, len(world.train), BATCH)):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(said(train[0][chosen], True), train[1][chosen]).backward()
            optimizer.step()
    with torch.no_grad():
        return float((said(test[0], False).argmax(dim=1) == test[1]).double().mean())


def cell(player: str, rate: float, disturbed: str, seeds: Sequence[int]) -> list[tuple[Any, ...]]:
    """A line for each seed."""
    torch.set_num_threads(1)
    if player == "torch":
        found = [by_torch(rate, seed, disturbed) for seed in seeds]
    else:
        found = accuracies(player, rate, seeds, disturbed)
    print(f"{player}, {rate}, {disturbed}: {np.mean(found):.4f}", file=sys.stderr)
    return [(player, rate, disturbed, seed, accuracy) for seed, accuracy in zip(seeds, found, strict=True)]


def measure(seeds: int, jobs: int) -> pd.DataFrame:
    """A line for each player, learning rate, disturbance and seed."""
    whole = range(seeds)
    cells = [(*player, each, whole) for player in PLAYERS for each in (STILL, *CHANNELS, *TURNS[:-1])]
    cells += [(*PEER, each, whole) for each in PEERS]
    # by agents, which takes its time
    one_by_one = [(*player, TURNS[-1], [seed]) for player in PLAYERS if player[0] == "attention" for seed in whole]
    rows = Parallel(n_jobs=jobs)(delayed(cell)(*each) for each in [*one_by_one, *cells])
    return pd.DataFrame([row for some in rows for row in some], columns=list(COLUMNS))


def markdown(results: pd.DataFrame) -> str:
    """Mean test accuracy in %, with half of its 95% interval, and the mean of the paired differences to the undisturbed runs."""
    columns = (*PLAYERS, PEER)
    lines = ["| | " + " | ".join(f"{player}, {rate:g}" for player, rate in columns) + " |", "|---|" + "---|" * len(columns)]
    for disturbed in (STILL, *CHANNELS, *TURNS):
        name = disturbed if disturbed == STILL else f"`{disturbed}`"
        lines.append(f"| {name} | " + " | ".join(_cell(results, player, rate, disturbed) for player, rate in columns) + " |")
    return "\n".join(lines)


def _cell(results: pd.DataFrame, player: str, rate: float, disturbed: str) -> str:
    mine = results[(results["player"] == player) & (results["learning_rate"] == rate)].set_index("seed")
    here, still = (mine[mine["disturbance"] == each]["accuracy"] for each in (disturbed, STILL))
    if here.empty:
        return ""
    if here.isna().any():
        return f"diverged ({here.isna().sum()} of {len(here)})"
    _, low, high = interval(100 * here.to_numpy())
    cell = f"{100 * here.mean():.1f} ± {(high - low) / 2:.1f}"
    if disturbed == STILL:
        return cell
    gap = 100 * (here - still)
    _, low, high = interval(gap.to_numpy())
    return f"{cell} ({gap.mean():+.1f} ± {(high - low) / 2:.1f})"


def main(
    seeds: Annotated[int, typer.Option(min=2, help="Runs of each.")] = 5,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    csv: Annotated[Path | None, typer.Option(help="Write a line for each run here, too.")] = None,
) -> None:
    results = measure(seeds, jobs)
    if csv is not None:
        results.to_csv(csv, index=False, lineterminator="\n", float_format="%.6f")
    print(markdown(results))


if __name__ == "__main__":
    typer.run(main)
