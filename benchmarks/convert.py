"""A small convolutional net on Fashion-MNIST through `neuronet.convert`, beside the plain module with torch's own gradients.

Every row has the same budget: the learning rate is chosen from the same list, by two epochs on 15,000 training images, judged by
5,000 other training images; then it is trained afresh on all training images for each seed, and the test images judge it once.

python benchmarks/convert.py [--epochs 5] [--seeds 3] [--json FILE]
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from torch import nn

import neuronet
from neuronet.core.environment import Samples
from neuronet.environments import FashionMnist
from neuronet.policies import RandomFeedback, SignSymmetric

ROWS = {
    "backpropagation": None,
    "attention": neuronet.AttentionSeeking(),
    "sign-symmetric": SignSymmetric(),
    "random-feedback": RandomFeedback(),
}
LEARNING_RATES = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016)
BATCH = 64


def load(part: Samples) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (N, 1, 28, 28), their brightness scaled to about mean 0 and deviation 1, and classes (N,)."""
    images = torch.from_numpy(part.inputs).reshape(-1, 1, 28, 28).float() / 255
    return (images - 0.286) / 0.353, torch.from_numpy(part.targets)


def network(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(16 * 7 * 7, 64), nn.ReLU(), nn.Linear(64, 10)),
    ).to(memory_format=torch.channels_last)


def train(name: str, seed: int, rate: float, images: torch.Tensor, labels: torch.Tensor, epochs: int) -> nn.Module:
    module, policy = network(seed), ROWS[name]
    if policy is not None:
        module = neuronet.convert(module, policy, seed=seed)
    optimizer = torch.optim.Adam(module.parameters(), rate)
    rounds = epochs * (len(images) // BATCH)
    decay = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda done: 1 - done / rounds)
    order = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for batch in torch.randperm(len(images), generator=order)[: len(images) // BATCH * BATCH].split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(module(images[batch]), labels[batch]).backward()
            optimizer.step()
            decay.step()
    return module


def evaluate(module: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    with torch.no_grad():
        right = [(module(x).argmax(1) == y).sum() for x, y in zip(images.split(1000), labels.split(1000), strict=True)]
    return float(sum(right)) / len(images)


def select_learning_rate(name: str, images: torch.Tensor, labels: torch.Tensor) -> float:
    """The learning rate that does best on training images held out."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    some, others = order[:15000], order[15000:20000]
    scores = [evaluate(train(name, 0, r, images[some], labels[some], 2), images[others], labels[others]) for r in LEARNING_RATES]
    return LEARNING_RATES[int(np.argmax(scores))]


def cost(images: torch.Tensor, labels: torch.Tensor, rounds: int = 60) -> dict[str, float]:
    """Milliseconds of processor time that a round's forward and backward pass take, medians of rounds played in turn."""
    modules = {name: network(0) if policy is None else neuronet.convert(network(0), policy) for name, policy in ROWS.items()}
    spent: dict[str, list[float]] = {name: [] for name in ROWS}
    for _ in range(rounds):
        for name, module in modules.items():
            start = time.process_time()
            nn.functional.cross_entropy(module(images[:BATCH]), labels[:BATCH]).backward()
            spent[name].append(1000 * (time.process_time() - start))
    return {name: float(np.median(each)) for name, each in spent.items()}


def main(
    epochs: Annotated[int, typer.Option(min=1)] = 5,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each row.")] = 3,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here, too.")] = None,
) -> None:
    torch.set_num_threads(1)
    clothes = FashionMnist()
    (images, labels), test = load(clothes.train), load(clothes.test)
    table = Table(title=f"Fashion-MNIST, 2 + 2 layers, {epochs} epochs, {seeds} seeds", title_justify="left")
    for heading in ("backward signal", "test accuracy, mean", "least", "most", "learning rate", "ms a round"):
        table.add_column(heading, justify="right" if table.columns else "left")
    results, ended, costs = [], {}, cost(images, labels)
    for name in ROWS:
        rate = select_learning_rate(name, images, labels)
        ended[name] = [train(name, seed, rate, images, labels, epochs) for seed in range(seeds)]
        found = [evaluate(module, *test) for module in ended[name]]
        results.append({"row": name, "accuracies": found, "learning_rate": rate, "ms_a_round": costs[name]})
        spread = (f"{np.mean(found):.4f}", f"{min(found):.4f}", f"{max(found):.4f}")
        table.add_row(name, *spread, f"{rate:g}", f"{costs[name]:.1f}")
        print(name, rate, found, flush=True)
    Console().print(table)
    pairs = zip(ended["backpropagation"], ended["attention"], strict=True)
    same = all(torch.equal(a, b) for ours, theirs in pairs for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    print(f"attention and backpropagation end with the same weights to the bit: {'yes' if same else 'no'}")
    if json_file is not None:
        json_file.write_text(json.dumps({"epochs": epochs, "same": same, "results": results}, indent=2))


if __name__ == "__main__":
    typer.run(main)
