"""How the cost of our round grows: with the width, the depth, the batch, the replicas and the policies in a layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neuronet import AttentionSeeking, Momentum, Samples, Setup, TensorEngine
from neuronet.benchmarking.bench import PRODUCTS, TimingBudget, timed
from neuronet.benchmarking.contestants import (
    LEARNING_RATE,
    MOMENTUM,
    BenchmarkCase,
    MatrixProducts,
    TensorEngineSingle,
    build_case,
)
from neuronet.benchmarking.suites import mixed_policies
from neuronet.benchmarking.timing import TimedFunction

WIDTHS = (32, 64, 128, 256, 512, 1024)
DEPTHS = (1, 2, 4, 8)
BATCHES = (8, 32, 128, 512, 2048)
REPLICAS = (1, 2, 4, 8, 16, 32)
POLICIES = (1, 2, 4, 8)

INPUTS, HIDDEN, OUTPUTS, BATCH = 784, 256, 10, 128
"""What does not grow."""

OURS = "attention"


@dataclass(frozen=True)
class Point:
    """One measurement.

    Attributes:
        axis: What grows.
        value: How large it is here.
        contestant: Who was timed.
        minimum: Seconds for a round, in the quickest block.
        median: Seconds for a round, in the middle block.
        fixed: What does not grow, in words.
    """

    axis: str
    value: int
    contestant: str
    minimum: float
    median: float
    fixed: str


def growth(budget: TimingBudget, *, quick: bool) -> list[Point]:
    """All points; the quick form leaves out the largest ones."""
    points = []
    for axis, fixed, contestants in _cases(1 if quick else 0):
        times = timed({f"{value} {name}": contestant for (value, name), contestant in contestants.items()}, budget)
        for (value, name), each in zip(contestants, times.values(), strict=True):
            points.append(Point(axis, value, name, each.minimum, each.median, fixed))
    return points


def _cases(left_out: int) -> Iterator[tuple[str, str, dict[tuple[int, str], TimedFunction]]]:
    def smaller(values):
        return values[: len(values) - left_out]

    wide = {n: build_case((INPUTS, n, n, OUTPUTS), BATCH) for n in smaller(WIDTHS)}
    yield "neurons in each hidden layer, N", f"{INPUTS}-N-N-{OUTPUTS}, batch {BATCH}", _with_products(wide)
    deep = {n: build_case((INPUTS, *(HIDDEN,) * n, OUTPUTS), BATCH) for n in smaller(DEPTHS)}
    yield "hidden layers", f"{INPUTS}-{HIDDEN}-...-{OUTPUTS}, batch {BATCH}", _with_products(deep)
    shape = (INPUTS, HIDDEN, HIDDEN, OUTPUTS)
    name = "-".join(map(str, shape))
    yield "samples a round", name, _with_products({n: build_case(shape, n) for n in smaller(BATCHES)})
    yield "replicas", "64-32-10, batch 32", {(n, OURS): _replicas(n) for n in smaller(REPLICAS)}
    mixed = {(n, OURS): TensorEngineSingle(build_case(shape, BATCH), mixed_policies(shape, n)).play for n in smaller(POLICIES)}
    yield "policies in each hidden layer", f"{name}, batch {BATCH}", mixed


def _with_products(works: dict[int, BenchmarkCase]) -> dict[tuple[int, str], TimedFunction]:
    contestants: dict[tuple[int, str], TimedFunction] = {}
    for value, case in works.items():
        contestants[value, OURS] = TensorEngineSingle(case, AttentionSeeking()).play
        contestants[value, PRODUCTS] = MatrixProducts(case).play
    return contestants


def _replicas(count: int) -> TimedFunction:
    case = [build_case((64, 32, 10), 32, seed) for seed in range(count)]
    setups = [
        Setup(w.network, AttentionSeeking(), Momentum(MOMENTUM), LEARNING_RATE, seed=seed, dtype="float32")
        for seed, w in enumerate(case)
    ]
    engine = TensorEngine(setups, device="cpu")
    inputs, targets = np.stack([w.inputs for w in case]), np.stack([w.targets for w in case])
    held = engine.prepare(Samples(inputs, targets) if count > 1 else Samples(inputs[0], targets[0]))

    def play(rounds):
        for _ in range(rounds):
            engine.play(held.inputs, held.targets)

    return play
