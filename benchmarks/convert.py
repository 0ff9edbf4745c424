"""A small convolutional network on Fashion-MNIST through `neuronet.convert`, next to the plain module with torch's gradients.

Every row has the same budget. Its learning rate is chosen from the same list, by two epochs on 15,000 training images and an
evaluation on 5,000 others. A fresh network is then trained on all training images for each seed, and evaluated once on the test
images.

python benchmarks/convert.py [--epochs 5] [--seeds 3] [--json FILE]
python benchmarks/convert.py --nonlinear
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Cubic(neuronet.LinearPolicy):
    """Linear in the demands."""

    def feedback_weights(self, obs, memory):
        return obs.attention**3


@dataclass(frozen=True)
class SaturatedDemand(neuronet.Policy):
    """Nonlinear in each listener's demand."""

    def feedback(self, obs, memory):
        return obs.xp.tanh(obs.demand) @ obs.attention


@dataclass(frozen=True)
class SaturatedFeedback(neuronet.Policy):
    """Nonlinear in the sum of the demands."""

    def feedback(self, obs, memory):
        return obs.xp.tanh(obs.demand @ obs.attention)


OWN_ROWS = {
    "a linear rule": Cubic(),
    "tanh(demand @ attention)": SaturatedFeedback(),
    "noisy": neuronet.Noisy(),
    "tanh(demand) @ attention": SaturatedDemand(),
}
LEARNING_RATES = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016)
BATCH = 64


def load(part: Samples) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images (N, 1, 28, 28), scaled to about mean 0 and standard deviation 1, and classes (N,)."""
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
        correct = [(module(x).argmax(1) == y).sum() for x, y in zip(images.split(1000), labels.split(1000), strict=True)]
    return float(sum(correct)) / len(images)


def select_learning_rate(name: str, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the learning rate with the best accuracy on held-out training images."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    learning, validation = order[:15000], order[15000:20000]
    modules = (train(name, 0, rate, images[learning], labels[learning], 2) for rate in LEARNING_RATES)
    scores = [evaluate(module, images[validation], labels[validation]) for module in modules]
    return LEARNING_RATES[int(np.argmax(scores))]


def cost(
    images: torch.Tensor, labels: torch.Tensor, rows: Mapping[str, neuronet.Policy | None], rounds: int = 60
) -> dict[str, float]:
    """Return the median CPU time (ms) of the forward and backward pass of a round, over interleaved rounds."""
    modules = {name: network(0) if policy is None else neuronet.convert(network(0), policy) for name, policy in rows.items()}
    spent: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(rounds):
        for name, module in modules.items():
            start = time.process_time()
            nn.functional.cross_entropy(module(images[:BATCH]), labels[:BATCH]).backward()
            spent[name].append(1000 * (time.process_time() - start))
    return {name: float(np.median(durations)) for name, durations in spent.items()}


def main(
    epochs: Annotated[int, typer.Option(min=1)] = 5,
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds (>= 1).")] = 3,
    json_file: Annotated[Path | None, typer.Option("--json", help="JSON file for the results.")] = None,
    nonlinear: Annotated[bool, typer.Option("--nonlinear", help="Measure the cost of nonlinear rules alone.")] = False,
) -> None:
    torch.set_num_threads(1)
    if nonlinear:
        costs = cost(torch.randn(BATCH, 1, 28, 28), torch.arange(BATCH) % 10, OWN_ROWS)
        for name, duration in costs.items():
            print(f"{name:26} {duration:6.1f} ms a round, {duration / costs['a linear rule']:.1f} times a linear rule")
        return
    environment = FashionMnist()
    (images, labels), test = load(environment.train), load(environment.test)
    table = Table(title=f"Fashion-MNIST, 2 + 2 layers, {epochs} epochs, {seeds} seeds", title_justify="left")
    for heading in ("backward signal", "test accuracy, mean", "least", "most", "learning rate", "ms a round"):
        table.add_column(heading, justify="right" if table.columns else "left")
    results, ended, costs = [], {}, cost(images, labels, ROWS)
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
    same = all(torch.equal(a, b) for one, two in pairs for a, b in zip(one.parameters(), two.parameters(), strict=True))
    print(f"attention and backpropagation end with the same weights to the bit: {'yes' if same else 'no'}")
    if json_file is not None:
        json_file.write_text(json.dumps({"epochs": epochs, "same": same, "results": results}, indent=2))


if __name__ == "__main__":
    typer.run(main)
