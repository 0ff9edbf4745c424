"""What is compared besides single rounds: an epoch of digits, replicas, layers of several policies, and `neuronet.train`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from neuronet.benchmarking.bench import QUICK, Effort, Row, raced, rows, threads
from neuronet.benchmarking.contestants import LEARNING_RATE, MOMENTUM, Autograd, Ours, OursAtOnce, Work, work
from neuronet.benchmarking.timing import Player, Times
from neuronet.core.batches import Batches
from neuronet.core.environment import Environment, Samples
from neuronet.core.learning.optimizers import Momentum
from neuronet.core.policy import Policy
from neuronet.core.structure.network import build_network
from neuronet.core.structure.population import Group
from neuronet.engines.base.engine import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.environments import Digits
from neuronet.policies import AttentionSeeking
from neuronet.training.train import train

TIMED_EPOCHS = 3
"""Of each run of `neuronet.train`, after the first."""


def epoch_of_digits(effort: Effort = QUICK, batch: int = 32) -> list[Row]:
    """An epoch of digits with 32 hidden neurons: the engine from an order of samples, and autograd from a DataLoader."""
    samples = Digits().train
    inputs, targets = samples.inputs.astype(np.float32), samples.targets
    given = Work(build_network((inputs.shape[1], 32, 10)), inputs[:batch], targets[:batch])
    ours, theirs = OursAtOnce(given, AttentionSeeking()), Autograd(given)
    held = ours.engine.hold(Samples(inputs, targets))
    batches = Batches(len(targets), batch, (0,))
    loader = DataLoader(TensorDataset(torch.as_tensor(inputs), torch.as_tensor(targets)), batch_size=batch, shuffle=True)

    def our_epochs(count: int) -> None:
        for epoch in range(count):
            ours.engine.play_rounds(held, batches.order(epoch), batch)

    def their_epochs(count: int) -> None:
        for _ in range(count):
            for x, y in loader:
                theirs.step(x, y)

    players = {"attention": our_epochs, "autograd with a DataLoader": their_epochs}
    return _raced(f"digits, 64-32-10, batch {batch}", players, effort, unit="epoch")


def replicas(effort: Effort = QUICK, sizes: Sequence[int] = (64, 32, 10), batch: int = 32, count: int = 8) -> list[Row]:
    """A round of several networks with seeds of their own: as replicas of one engine, and one after another."""
    given = [work(sizes, batch, seed) for seed in range(count)]
    rule = Momentum(MOMENTUM)
    setups = [
        Setup(each.network, AttentionSeeking(), rule, LEARNING_RATE, seed=seed, dtype="float32")
        for seed, each in enumerate(given)
    ]
    together = TensorEngine(setups, device="cpu")
    held = together.hold(Samples(np.stack([w.inputs for w in given]), np.stack([w.targets for w in given])))
    alone = [Ours(each, AttentionSeeking()) for each in given]

    def play_together(rounds: int) -> None:
        for _ in range(rounds):
            together.play(held.inputs, held.targets)

    def play_in_turn(rounds: int) -> None:
        for _ in range(rounds):
            for each in alone:
                each.play(1)

    players = {"replicas of one engine": play_together, "one after another": play_in_turn}
    return _raced(f"{count} networks of {given[0].name}", players, effort)


def groups(effort: Effort = QUICK, sizes: Sequence[int] = (784, 256, 256, 10), batch: int = 128, most: int = 2) -> list[Row]:
    """A round of networks in which 2 to `most` policies share out each hidden layer, and of one where all follow the same."""
    given = work(sizes, batch)
    players: dict[str, Player] = {
        f"{count} policies in each hidden layer": Ours(given, shared_out(sizes, count)).play for count in range(2, most + 1)
    }
    players["one policy"] = Ours(given, AttentionSeeking()).play
    return _raced(given.name, players, effort)


def shared_out(sizes: Sequence[int], count: int) -> list[Policy | tuple[Group, ...]]:
    """Attention-seekers of `count` exponents in turn, neuron by neuron, in each hidden layer."""
    hidden = [
        tuple(Group(AttentionSeeking(p=2.0 + kind), tuple(range(kind, size, count))) for kind in range(min(count, size)))
        for size in sizes[1:-1]
    ]
    return [*hidden, AttentionSeeking()]


class RandomImages(Environment):
    """Images of noise, of the size and number of MNIST's or fewer: they cost as much to learn from as any.

    Args:
        learned: Samples to learn from.
        judged: Samples to be judged by.
        pixels: Of an image.
    """

    outputs = 10

    def __init__(self, learned: int = 60_000, judged: int = 10_000, pixels: int = 784) -> None:
        chance = np.random.default_rng(0)
        inputs = chance.random((learned + judged, pixels), dtype=np.float32)
        targets = chance.integers(0, self.outputs, learned + judged)
        self._parts = Samples(inputs[:learned], targets[:learned]), Samples(inputs[learned:], targets[learned:])

    @property
    def train(self) -> Samples:
        """The samples to learn from."""
        return self._parts[0]

    @property
    def test(self) -> Samples:
        """The samples to be judged by."""
        return self._parts[1]


def training(
    effort: Effort = QUICK, hidden: Sequence[int] = (256, 256), batch: int = 128, world: Environment | None = None
) -> list[Row]:
    """An epoch of `neuronet.train`, with all that it does in one, and the bare rounds of an epoch.

    What `train` does before its first epoch ends is left out. What its judging after each epoch costs at least, the outputs for
    the samples judged, is timed by itself.

    Args:
        effort: A fifth of its blocks is the number of runs.
        hidden: Neurons in each hidden layer.
        batch: Samples a round.
        world: What is learned; without, 24,000 images of noise.
    """
    world = world or RandomImages(24_000, 2_000)
    sizes = (world.inputs, *hidden, world.outputs)
    first = world.train.at(slice(0, batch))
    given = Work(build_network(sizes), first.inputs, first.targets)
    ours = OursAtOnce(given, AttentionSeeking())
    held, judged = ours.engine.hold(world.train), ours.engine.hold(world.test)
    batches = Batches(len(world.train), batch, (0,))
    seconds: dict[str, list[float]] = {"neuronet.train": [], "bare rounds and judging": [], "bare rounds": []}
    with threads(effort.threads):
        for _ in range(max(2, effort.blocks // 5)):
            seconds["neuronet.train"] += _epochs_of_train(world, hidden, batch)
            for epoch in range(TIMED_EPOCHS):
                started = time.perf_counter()
                ours.engine.play_rounds(held, batches.order(epoch), batch)
                played = time.perf_counter()
                _judge(ours.engine, held, judged)
                seconds["bare rounds"].append(played - started)
                seconds["bare rounds and judging"].append(time.perf_counter() - started)
    times = {name: Times(min(each), float(np.median(each))) for name, each in seconds.items()}
    return rows(f"{'-'.join(map(str, sizes))}, batch {batch}", times, "bare rounds", unit="epoch")


def _epochs_of_train(world: Environment, hidden: Sequence[int], batch: int) -> list[float]:
    options: dict[str, Any] = {"engine": "tensors", "dtype": "float32", "device": "cpu", "learning_rate": LEARNING_RATE}
    result = train(world, hidden=tuple(hidden), batch_size=batch, epochs=TIMED_EPOCHS + 1, **options)
    return [float(each) for each in np.diff(result.metrics["seconds"])]


def _judge(engine: TensorEngine, learned: Samples, judged: Samples, at_once: int = 2000) -> None:
    """What a run's judging computes at least: the outputs for some training samples and for all test samples."""
    engine.outputs(learned.at(slice(0, at_once)).inputs)
    for start in range(0, len(judged), at_once):
        engine.outputs(judged.at(slice(start, start + at_once)).inputs)


def _raced(case: str, players: Mapping[str, Player], effort: Effort, unit: str = "round") -> list[Row]:
    """Rows against the last of the players."""
    return rows(case, raced(players, effort), list(players)[-1], unit=unit)


def contests(effort: Effort = QUICK) -> list[Row]:
    """All of them, in their standard sizes; a thorough effort trains on as many images as MNIST has."""
    world = RandomImages() if effort.blocks >= Effort.blocks else None
    parts = (epoch_of_digits(effort), replicas(effort), groups(effort), training(effort, world=world))
    return [row for part in parts for row in part]
