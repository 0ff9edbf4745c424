"""Growth of the cost of a round with the width, the depth, the batch, the replicas and the policies in a layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neuronet import AttentionSeeking, Momentum, Samples, Setup, TensorEngine
from neuronet.benchmarking.api import PRODUCTS, TimingBudget, timed
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
"""Sizes that stay fixed."""

POLICY = "attention"


@dataclass(frozen=True)
class Point:
    """Timing at one size.

    Attributes:
        axis: Name of the quantity that grows.
        value: Its value.
        contestant: Name of the contestant.
        minimum: Seconds for a round in the fastest block.
        median: Seconds for a round in the median block.
        fixed: Description of the fixed sizes.
    """

    axis: str
    value: int
    contestant: str
    minimum: float
    median: float
    fixed: str


def growth(budget: TimingBudget, *, quick: bool) -> list[Point]:
    """Return all points; `quick` leaves out the largest sizes."""
    points = []
    for axis, fixed, contestants in _cases(1 if quick else 0):
        times = timed({f"{value} {name}": contestant for (value, name), contestant in contestants.items()}, budget)
        for (value, name), timing in zip(contestants, times.values(), strict=True):
            points.append(Point(axis, value, name, timing.minimum, timing.median, fixed))
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
    yield "replicas", "64-32-10, batch 32", {(n, POLICY): _replicas(n) for n in smaller(REPLICAS)}
    mixed = {(n, POLICY): TensorEngineSingle(build_case(shape, BATCH), mixed_policies(shape, n)).play for n in smaller(POLICIES)}
    yield "policies in each hidden layer", f"{name}, batch {BATCH}", mixed


def _with_products(cases: dict[int, BenchmarkCase]) -> dict[tuple[int, str], TimedFunction]:
    contestants: dict[tuple[int, str], TimedFunction] = {}
    for value, case in cases.items():
        contestants[value, POLICY] = TensorEngineSingle(case, AttentionSeeking()).play
        contestants[value, PRODUCTS] = MatrixProducts(case).play
    return contestants


def _replicas(count: int) -> TimedFunction:
    cases = [build_case((64, 32, 10), 32, seed) for seed in range(count)]
    setups = [
        Setup(case.network, AttentionSeeking(), Momentum(MOMENTUM), LEARNING_RATE, seed=seed, dtype="float32")
        for seed, case in enumerate(cases)
    ]
    engine = TensorEngine(setups, device="cpu")
    inputs, targets = np.stack([case.inputs for case in cases]), np.stack([case.targets for case in cases])
    prepared = engine.prepare(Samples(inputs, targets) if count > 1 else Samples(inputs[0], targets[0]))

    def play(rounds):
        for _ in range(rounds):
            engine.play(prepared.inputs, prepared.targets)

    return play
