"""Cost of a round of the agent engine relative to layer-wise numpy, and its growth with the number of neurons.

    python benchmarks/agents.py [--rounds 60] [--growth] [--json FILE]

Both alternate in one process with one thread; medians of CPU time are compared, which leaves out other processes.
"Layer-wise numpy" is the minimum for the same round with one matrix product for each layer: attention-seeking with p = 2,
momentum, float64. With `--growth`, networks of 100 to 100,000 agents are built and played, each in a process of its own, whose
memory is measured.
"""

from __future__ import annotations

import os

for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported

import json
import platform
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from neuronet import AttentionSeeking, Momentum, NeuronModel, Setup, build_network

BATCH = 32
LEARNING_RATE = 0.01
MOMENTUM = 0.9


class LayerwiseNumpy:
    """The same round with a matrix product for each layer, without agents."""

    def __init__(self, weights, biases):
        self.weights = [w.copy() for w in weights]
        self.biases = [b.copy() for b in biases]
        self.velocities = [(np.zeros_like(w), np.zeros_like(b)) for w, b in zip(weights, biases, strict=True)]

    def play(self, inputs, targets):
        activity = [inputs]
        for layer, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            z = activity[-1] @ w.T
            z += b
            activity.append(np.maximum(z, 0.0, out=z) if layer < len(self.weights) - 1 else z)
        exps = np.exp(activity[-1] - activity[-1].max(axis=1, keepdims=True))
        demand = -exps / exps.sum(axis=1, keepdims=True)
        demand[np.arange(len(targets)), targets] += 1.0
        for layer in range(len(self.weights) - 1, -1, -1):
            w, b, (vw, vb) = self.weights[layer], self.biases[layer], self.velocities[layer]
            below = (demand @ w) * (activity[layer] > 0) if layer else None
            vw *= MOMENTUM
            vw += demand.T @ activity[layer] / len(targets)
            vb *= MOMENTUM
            vb += demand.mean(axis=0)
            w += LEARNING_RATE * vw
            b += LEARNING_RATE * vb
            demand = below


def measure(sizes: tuple[int, ...], rounds: int) -> dict[str, float | list[int]]:
    """Return the median milliseconds of a round of both, and the largest difference of their weights afterwards."""
    rng = np.random.default_rng(0)
    inputs, targets = rng.standard_normal((BATCH, sizes[0])), rng.integers(0, sizes[-1], BATCH)
    network = build_network(sizes)
    model = NeuronModel(Setup(network, AttentionSeeking(), Momentum(MOMENTUM), LEARNING_RATE))
    plain = LayerwiseNumpy(network.weights, network.biases)
    times = {"agents": [], "numpy": []}
    for played in range(rounds + 5):
        for name, contestant in (("agents", model), ("numpy", plain)):
            start = time.thread_time()
            contestant.play(inputs, targets)
            if played >= 5:
                times[name].append(time.thread_time() - start)
    gap = max(float(np.abs(a - b).max()) for a, b in zip(model.network().weights, plain.weights, strict=True))
    model.close()
    agents, numpy_ = (1e3 * float(np.median(times[name])) for name in ("agents", "numpy"))
    return {"sizes": list(sizes), "agents_ms": agents, "numpy_ms": numpy_, "ratio": agents / numpy_, "gap": gap}


def grow(agents: int, rounds: int) -> dict[str, float]:
    """Return what a network 32-N-10 of so many agents costs: seconds to build, milliseconds a round, and memory in MB."""
    rng = np.random.default_rng(0)
    inputs, targets = rng.standard_normal((BATCH, 32)), rng.integers(0, 10, BATCH)
    NeuronModel(Setup(build_network((32, 2, 10)), AttentionSeeking(), Momentum(MOMENTUM), LEARNING_RATE)).play(inputs, targets)
    before, start = _peak(), time.thread_time()
    model = NeuronModel(Setup(build_network((32, agents - 42, 10)), AttentionSeeking(), Momentum(MOMENTUM), LEARNING_RATE))
    built, times = time.thread_time() - start, []
    for _ in range(rounds):
        start = time.thread_time()
        model.play(inputs, targets)
        times.append(time.thread_time() - start)
    return {"agents": agents, "built_s": built, "round_ms": 1e3 * float(np.median(times)), "mb": _peak() - before}


def _peak() -> float:
    """Return the largest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report_growth(console: Console, rounds: int, largest: int) -> list[dict[str, float]]:
    """Print and return what networks of 100 agents to the largest number cost."""
    rows = []
    for agents in (number for number in (100, 1000, 10_000, 100_000) if number <= largest):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            rows.append(pool.submit(grow, agents, rounds).result())
    table = Table(title=f"32-N-10, batch {BATCH}, float64, medians of {rounds} rounds, CPU time", title_justify="left")
    for heading in ("agents", "built, s", "a round, ms", "us per agent", "memory, MB"):
        table.add_column(heading, justify="right")
    for row in rows:
        per_agent = 1e3 * row["round_ms"] / row["agents"]
        table.add_row(
            f"{row['agents']:,}", f"{row['built_s']:.2f}", f"{row['round_ms']:.2f}", f"{per_agent:.1f}", f"{row['mb']:.0f}"
        )
    console.print(table)
    return rows


def main(
    rounds: Annotated[int, typer.Option(min=5, help="Timed rounds of each (>= 5).")] = 60,
    growth: Annotated[bool, typer.Option("--growth", help="Measure networks of many agents instead.")] = False,
    largest: Annotated[int, typer.Option(min=100, help="Largest number of agents for --growth (>= 100).")] = 100_000,
    json_file: Annotated[Path | None, typer.Option("--json", help="JSON file for the results.")] = None,
) -> None:
    console = Console()
    if growth:
        rows = report_growth(console, min(rounds, 10), largest)
        if json_file is not None:
            json_file.write_text(json.dumps({"growth": rows}, indent=2))
        return
    shapes = [(784, hidden, 10) for hidden in (32, 64, 128, 256, 512)] + [(64, 64, 10)]
    results = [measure(sizes, rounds) for sizes in shapes]
    table = Table(title=f"A round of batch {BATCH}, float64, one thread, medians of {rounds}, CPU time", title_justify="left")
    for heading in ("network", "agents, ms", "numpy, ms", "ratio", "ms per listening neuron", "largest difference"):
        table.add_column(heading, justify="right")
    for row in results:
        neurons = sum(row["sizes"][1:])
        cells = (f"{row['agents_ms']:.2f}", f"{row['numpy_ms']:.2f}", f"{row['ratio']:.1f}", f"{row['agents_ms'] / neurons:.4f}")
        table.add_row("-".join(map(str, row["sizes"])), *cells, f"{row['gap']:.0e}")
    console.print(table)
    neurons = np.array([sum(row["sizes"][1:]) for row in results[:5]], dtype=float)
    cost = np.array([row["agents_ms"] for row in results[:5]])
    slope, start = np.polyfit(neurons, cost, 1)
    fit = 1 - np.sum((cost - slope * neurons - start) ** 2) / np.sum((cost - cost.mean()) ** 2)
    console.print(f"Growth at 784 inputs: {1e3 * slope:.1f} us per neuron and {start:.2f} ms, linear with R^2 = {fit:.4f}")
    console.print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")
    if json_file is not None:
        json_file.write_text(
            json.dumps({"rounds": rounds, "results": results, "us_per_neuron": 1e3 * slope, "r2": fit}, indent=2)
        )


if __name__ == "__main__":
    typer.run(main)
