"""What is compared besides single rounds: an epoch of digits, replicas, layers of several policies, and `neuronet.train`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from neuronet.benchmarking.bench import QUICK, Row, TimingBudget, rows, threads, timed
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
from neuronet.core.batches import Batches
from neuronet.core.environment import Environment, Samples
from neuronet.core.learning.optimizers import Momentum
from neuronet.core.policy import Policy
from neuronet.core.structure.population import Group
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.environments import Digits
from neuronet.policies import AttentionSeeking
from neuronet.registry import build_network
from neuronet.training.train import train

TIMED_EPOCHS = 3
"""Of each run of `neuronet.train`, after the first."""


def epoch_of_digits(budget: TimingBudget = QUICK, batch: int = 32) -> list[Row]:
    """An epoch of digits with 32 hidden neurons: the engine from an order of samples, and autograd from a DataLoader."""
    samples = Digits().train
    inputs, targets = samples.inputs.astype(np.float32), samples.targets
    case = BenchmarkCase(build_network((inputs.shape[1], 32, 10)), inputs[:batch], targets[:batch])
    ours, theirs = TensorEngineMany(case, AttentionSeeking()), Autograd(case)
    held = ours.engine.prepare(Samples(inputs, targets))
    batches = Batches(len(targets), batch, (0,))
    loader = DataLoader(TensorDataset(torch.as_tensor(inputs), torch.as_tensor(targets)), batch_size=batch, shuffle=True)

    def our_epochs(count: int) -> None:
        for epoch in range(count):
            ours.engine.play_rounds(held, batches.order(epoch), batch)

    def their_epochs(count: int) -> None:
        for _ in range(count):
            for x, y in loader:
                theirs.step(x, y)

    contestants = {"attention": our_epochs, "autograd with a DataLoader": their_epochs}
    return _timed_rows(f"digits, 64-32-10, batch {batch}", contestants, budget, unit="epoch")


def replicas(budget: TimingBudget = QUICK, sizes: Sequence[int] = (64, 32, 10), batch: int = 32, count: int = 8) -> list[Row]:
    """A round of several networks with seeds of their own: as replicas of one engine, and one after another."""
    case = [build_case(sizes, batch, seed) for seed in range(count)]
    optimizer = Momentum(MOMENTUM)
    setups = [
        Setup(each.network, AttentionSeeking(), optimizer, LEARNING_RATE, seed=seed, dtype="float32")
        for seed, each in enumerate(case)
    ]
    batched = TensorEngine(setups, device="cpu")
    held = batched.prepare(Samples(np.stack([w.inputs for w in case]), np.stack([w.targets for w in case])))
    alone = [TensorEngineSingle(each, AttentionSeeking()) for each in case]

    def play_batched(rounds: int) -> None:
        for _ in range(rounds):
            batched.play(held.inputs, held.targets)

    def play_sequentially(rounds: int) -> None:
        for _ in range(rounds):
            for each in alone:
                each.play(1)

    contestants = {"replicas of one engine": play_batched, "one after another": play_sequentially}
    return _timed_rows(f"{count} networks of {case[0].name}", contestants, budget)


def groups(
    budget: TimingBudget = QUICK, sizes: Sequence[int] = (784, 256, 256, 10), batch: int = 128, max_policies: int = 2
) -> list[Row]:
    """Time rounds of networks whose hidden layers mix 1 to `max_policies` policies."""
    case = build_case(sizes, batch)
    contestants: dict[str, TimedFunction] = {
        f"{count} policies in each hidden layer": TensorEngineSingle(case, mixed_policies(sizes, count)).play
        for count in range(2, max_policies + 1)
    }
    contestants["one policy"] = TensorEngineSingle(case, AttentionSeeking()).play
    return _timed_rows(case.name, contestants, budget)


def mixed_policies(sizes: Sequence[int], count: int) -> list[Policy | tuple[Group, ...]]:
    """Attention-seekers of `count` exponents in turn, neuron by neuron, in each hidden layer."""
    hidden = [
        tuple(Group(AttentionSeeking(p=2.0 + kind), tuple(range(kind, size, count))) for kind in range(min(count, size)))
        for size in sizes[1:-1]
    ]
    return [*hidden, AttentionSeeking()]


class RandomImages(Environment):
    """Images of noise, of the size and number of MNIST's or fewer: they cost as much to learn from as any.

    Args:
        train_samples: Samples to learn from.
        test_samples: Samples to be judged by.
        pixels: Of an image.
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
        """The samples to learn from."""
        return self._parts[0]

    @property
    def test(self) -> Samples:
        """The samples to be judged by."""
        return self._parts[1]


def training(
    budget: TimingBudget = QUICK, hidden: Sequence[int] = (256, 256), batch: int = 128, environment: Environment | None = None
) -> list[Row]:
    """An epoch of `neuronet.train`, with all that it does in one, and the bare rounds of an epoch.

    What `train` does before its first epoch ends is left out. What its judging after each epoch costs at least, the outputs for
    the samples judged, is timed by itself.

    Args:
        budget: A fifth of its blocks is the number of runs.
        hidden: Neurons in each hidden layer.
        batch: Samples a round.
        environment: What is learned; without, 24,000 images of noise.
    """
    environment = environment or RandomImages(24_000, 2_000)
    sizes = (environment.inputs, *hidden, environment.outputs)
    first = environment.train.at(slice(0, batch))
    case = BenchmarkCase(build_network(sizes), first.inputs, first.targets)
    ours = TensorEngineMany(case, AttentionSeeking())
    held, test_samples = ours.engine.prepare(environment.train), ours.engine.prepare(environment.test)
    batches = Batches(len(environment.train), batch, (0,))
    seconds: dict[str, list[float]] = {"neuronet.train": [], "bare rounds and evaluation": [], "bare rounds": []}
    with threads(budget.threads):
        for _ in range(max(2, budget.blocks // 5)):
            seconds["neuronet.train"] += _epochs_of_train(environment, hidden, batch)
            for epoch in range(TIMED_EPOCHS):
                started = time.perf_counter()
                ours.engine.play_rounds(held, batches.order(epoch), batch)
                played = time.perf_counter()
                _evaluate(ours.engine, held, test_samples)
                seconds["bare rounds"].append(played - started)
                seconds["bare rounds and evaluation"].append(time.perf_counter() - started)
    times = {name: Timing(min(each), float(np.median(each))) for name, each in seconds.items()}
    return rows(f"{'-'.join(map(str, sizes))}, batch {batch}", times, "bare rounds", unit="epoch")


def _epochs_of_train(environment: Environment, hidden: Sequence[int], batch: int) -> list[float]:
    options: dict[str, Any] = {"engine": "tensors", "dtype": "float32", "device": "cpu", "learning_rate": LEARNING_RATE}
    result = train(environment, hidden=tuple(hidden), batch_size=batch, epochs=TIMED_EPOCHS + 1, **options)
    return [float(each) for each in np.diff(result.metrics["seconds"])]


def _evaluate(engine: TensorEngine, train_samples: Samples, test_samples: Samples, batch_size: int = 2000) -> None:
    """What a run's judging computes at least: the outputs for some training samples and for all test samples."""
    engine.outputs(train_samples.at(slice(0, batch_size)).inputs)
    for start in range(0, len(test_samples), batch_size):
        engine.outputs(test_samples.at(slice(start, start + batch_size)).inputs)


def _timed_rows(case: str, contestants: Mapping[str, TimedFunction], budget: TimingBudget, unit: str = "round") -> list[Row]:
    """Rows against the last of the players."""
    return rows(case, timed(contestants, budget), list(contestants)[-1], unit=unit)


def benchmark_suites(budget: TimingBudget = QUICK) -> list[Row]:
    """All of them, in their standard sizes; a thorough effort trains on as many images as MNIST has."""
    environment = RandomImages() if budget.blocks >= TimingBudget.blocks else None
    parts = (epoch_of_digits(budget), replicas(budget), groups(budget), training(budget, environment=environment))
    return [row for part in parts for row in part]
