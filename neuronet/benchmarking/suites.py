"""Benchmark suites beyond single rounds: an epoch of digits, replicas, mixed layers, and `neuronet.train`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from neuronet.benchmarking.api import QUICK, Row, TimingBudget, rows, threads, timed
from neuronet.benchmarking.contestants import (
    LEARNING_RATE,
    MOMENTUM,
    Autograd,
    BenchmarkCase,
    TensorEngineMany,
    TensorEngineSingle,
    build_case,
)
from neuronet.benchmarking.timing import TimedFunction, Timing
from neuronet.core import Batches, Environment, Group, Momentum, Policy, Samples
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.environments import Digits
from neuronet.policies import AttentionSeeking
from neuronet.registry import build_network
from neuronet.training import train

TIMED_EPOCHS = 3
"""Timed epochs of each run of `neuronet.train`, after the first epoch."""


def epoch_of_digits(budget: TimingBudget = QUICK, batch: int = 32) -> list[Row]:
    """Time an epoch of digits with 32 hidden neurons: the engine with an order of samples, autograd with a DataLoader."""
    samples = Digits().train
    inputs, targets = samples.inputs.astype(np.float32), samples.targets
    case = BenchmarkCase(build_network((inputs.shape[1], 32, 10)), inputs[:batch], targets[:batch])
    contestant, reference = TensorEngineMany(case, AttentionSeeking()), Autograd(case)
    prepared = contestant.engine.prepare(Samples(inputs, targets))
    batches = Batches(len(targets), batch, (0,))
    loader = DataLoader(TensorDataset(torch.as_tensor(inputs), torch.as_tensor(targets)), batch_size=batch, shuffle=True)

    def play_epochs(count: int) -> None:
        for epoch in range(count):
            contestant.engine.play_rounds(prepared, batches.order(epoch), batch)

    def autograd_epochs(count: int) -> None:
        for _ in range(count):
            for x, y in loader:
                reference.step(x, y)

    contestants = {"attention": play_epochs, "autograd with a DataLoader": autograd_epochs}
    return _timed_rows(f"digits, 64-32-10, batch {batch}", contestants, budget, unit="epoch")


def replicas(budget: TimingBudget = QUICK, sizes: Sequence[int] = (64, 32, 10), batch: int = 32, count: int = 8) -> list[Row]:
    """Time a round of several networks with different seeds: as replicas of one engine, and one after another."""
    cases = [build_case(sizes, batch, seed) for seed in range(count)]
    optimizer = Momentum(MOMENTUM)
    setups = [
        Setup(case.network, AttentionSeeking(), optimizer, LEARNING_RATE, seed=seed, dtype="float32")
        for seed, case in enumerate(cases)
    ]
    batched = TensorEngine(setups, device="cpu")
    prepared = batched.prepare(Samples(np.stack([case.inputs for case in cases]), np.stack([case.targets for case in cases])))
    single = [TensorEngineSingle(case, AttentionSeeking()) for case in cases]

    def play_batched(rounds: int) -> None:
        for _ in range(rounds):
            batched.play(prepared.inputs, prepared.targets)

    def play_sequentially(rounds: int) -> None:
        for _ in range(rounds):
            for contestant in single:
                contestant.play(1)

    contestants = {"replicas of one engine": play_batched, "one after another": play_sequentially}
    return _timed_rows(f"{count} networks of {cases[0].name}", contestants, budget)


def groups(
    budget: TimingBudget = QUICK, sizes: Sequence[int] = (784, 256, 256, 10), batch: int = 128, max_policies: int = 2
) -> list[Row]:
    """Time rounds of networks with 1 to `max_policies` policies in each hidden layer."""
    case = build_case(sizes, batch)
    contestants: dict[str, TimedFunction] = {
        f"{count} policies in each hidden layer": TensorEngineSingle(case, mixed_policies(sizes, count)).play
        for count in range(2, max_policies + 1)
    }
    contestants["one policy"] = TensorEngineSingle(case, AttentionSeeking()).play
    return _timed_rows(case.name, contestants, budget)


def mixed_policies(sizes: Sequence[int], count: int) -> list[Policy | tuple[Group, ...]]:
    """Return attention-seeking policies that mix `count` exponents, alternating neuron by neuron, in each hidden layer."""
    hidden = [
        tuple(Group(AttentionSeeking(p=2.0 + kind), tuple(range(kind, size, count))) for kind in range(min(count, size)))
        for size in sizes[1:-1]
    ]
    return [*hidden, AttentionSeeking()]


class RandomImages(Environment):
    """Images of uniform noise, by default as many and as large as those of MNIST.

    Args:
        train_samples: Number of training samples.
        test_samples: Number of test samples.
        pixels: Pixels of an image.
    """

    outputs = 10

    def __init__(self, train_samples: int = 60_000, test_samples: int = 10_000, pixels: int = 784) -> None:
        rng = np.random.default_rng(0)
        inputs = rng.random((train_samples + test_samples, pixels), dtype=np.float32)
        targets = rng.integers(0, self.outputs, train_samples + test_samples)
        self._parts = (
            Samples(inputs[:train_samples], targets[:train_samples]),
            Samples(inputs[train_samples:], targets[train_samples:]),
        )

    @property
    def train(self) -> Samples:
        """Training samples."""
        return self._parts[0]

    @property
    def test(self) -> Samples:
        """Test samples."""
        return self._parts[1]


def training(
    budget: TimingBudget = QUICK, hidden: Sequence[int] = (256, 256), batch: int = 128, environment: Environment | None = None
) -> list[Row]:
    """Time an epoch of `neuronet.train`, everything included, and the bare rounds of an epoch.

    The first epoch of `train` is not timed. The minimal cost of its evaluation after each epoch, the outputs for the evaluated
    samples, is timed separately.

    Args:
        budget: Budget; a fifth of its blocks is the number of runs.
        hidden: Number of neurons in each hidden layer.
        batch: Batch size.
        environment: Environment to learn; None for 24,000 images of noise.
    """
    environment = environment or RandomImages(24_000, 2_000)
    sizes = (environment.inputs, *hidden, environment.outputs)
    first = environment.train.at(slice(0, batch))
    case = BenchmarkCase(build_network(sizes), first.inputs, first.targets)
    engine = TensorEngineMany(case, AttentionSeeking()).engine
    train_samples, test_samples = engine.prepare(environment.train), engine.prepare(environment.test)
    batches = Batches(len(environment.train), batch, (0,))
    seconds: dict[str, list[float]] = {"neuronet.train": [], "bare rounds and evaluation": [], "bare rounds": []}
    with threads(budget.threads):
        for _ in range(max(2, budget.blocks // 5)):
            seconds["neuronet.train"] += _epochs_of_train(environment, hidden, batch)
            for epoch in range(TIMED_EPOCHS):
                started = time.perf_counter()
                engine.play_rounds(train_samples, batches.order(epoch), batch)
                played = time.perf_counter()
                _evaluate(engine, train_samples, test_samples)
                seconds["bare rounds"].append(played - started)
                seconds["bare rounds and evaluation"].append(time.perf_counter() - started)
    times = {name: Timing(min(durations), float(np.median(durations))) for name, durations in seconds.items()}
    return rows(f"{'-'.join(map(str, sizes))}, batch {batch}", times, "bare rounds", unit="epoch")


def _epochs_of_train(environment: Environment, hidden: Sequence[int], batch: int) -> list[float]:
    options: dict[str, Any] = {"engine": "tensors", "dtype": "float32", "device": "cpu", "learning_rate": LEARNING_RATE}
    result = train(environment, hidden=tuple(hidden), batch_size=batch, epochs=TIMED_EPOCHS + 1, **options)
    return [float(duration) for duration in np.diff(result.metrics["seconds"])]


def _evaluate(engine: TensorEngine, train_samples: Samples, test_samples: Samples, batch_size: int = 2000) -> None:
    """Compute what a run's evaluation needs at least: outputs for some training samples and all test samples."""
    engine.outputs(train_samples.at(slice(0, batch_size)).inputs)
    for start in range(0, len(test_samples), batch_size):
        engine.outputs(test_samples.at(slice(start, start + batch_size)).inputs)


def _timed_rows(case: str, contestants: Mapping[str, TimedFunction], budget: TimingBudget, unit: str = "round") -> list[Row]:
    """Return rows relative to the last contestant."""
    return rows(case, timed(contestants, budget), list(contestants)[-1], unit=unit)


def benchmark_suites(budget: TimingBudget = QUICK) -> list[Row]:
    """Run all suites in their standard sizes; a large budget trains on as many images as MNIST has."""
    environment = RandomImages() if budget.blocks >= TimingBudget.blocks else None
    parts = (epoch_of_digits(budget), replicas(budget), groups(budget), training(budget, environment=environment))
    return [row for part in parts for row in part]
