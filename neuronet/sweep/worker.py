"""Playing the cells of a group at once, as replicas of one game; each ends with a row, whatever happens to it."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from neuronet.benchmarking.bench import threads
from neuronet.core.batches import Batches
from neuronet.core.environment import Environment
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import pace
from neuronet.engines.tensors import tensor_engine
from neuronet.interventions.executor import Meddling, planned_for
from neuronet.sweep.environment_info import Scene, world_on
from neuronet.training.alignment import EVERYBODY, WHOLE_NETWORK, Alignment
from neuronet.training.assembly import Game, assemble
from neuronet.training.config import RunConfig
from neuronet.training.evaluation import as_numpy, judge
from neuronet.training.trainer import TRAINING_SAMPLES_JUDGED

MEASURES = ("test_accuracy", "test_loss", "train_accuracy", "train_loss", "cosine")
RESULTS = (*MEASURES, "rounds", "seconds", "at_once", "error")
"""Columns of the table: what each cell has come to."""

LONGEST_ERROR = 400

Row = dict[str, Any]
"""What a cell has come to, by RESULTS."""


@dataclass(frozen=True)
class Task:
    """A group of cells as it is sent to whoever plays it.

    Attributes:
        configs: The runs: they differ in seed and learning rate alone.
        scene: Their environment, as it was seen where the sweep was started.
        folder: Where modules of the user's own are looked for, last; None where they are found already.
        version: Of NeuroNet, where the sweep was started; None if that is here.
    """

    configs: tuple[RunConfig, ...]
    scene: Scene
    folder: str | None = None
    version: str | None = None


def play(task: Task) -> list[Row]:
    """A row for each cell of a group; what cannot be played at once is played one by one.

    Raises:
        NeuroNetError: Here are other samples, or another version, than where the sweep was started.
    """
    from neuronet import __version__

    if task.version not in (None, __version__):
        raise NeuroNetError(f"a worker has version {__version__}, and the sweep was started with version {task.version}")
    if task.folder is not None and task.folder not in sys.path:
        sys.path.append(task.folder)
    world = world_on(task.scene, task.configs[0])
    with threads(1), threadpool_limits(1):  # the same sums in the same order, in whatever process it is played
        return _rows(task.configs, world)


def _rows(configs: Sequence[RunConfig], world: Environment) -> list[Row]:
    try:
        return _played(configs, world)
    except Exception as error:
        if len(configs) == 1:
            return [_failed(error)]
    return [row for config in configs for row in _rows((config,), world)]


def _failed(error: Exception) -> Row:
    said = " ".join(str(error).split())
    told = said if isinstance(error, NeuroNetError) else f"{type(error).__name__}: {said}".removesuffix(": ")
    return dict.fromkeys(MEASURES, math.nan) | {"rounds": 0, "seconds": 0.0, "at_once": 1, "error": told[:LONGEST_ERROR]}


def _played(configs: Sequence[RunConfig], world: Environment) -> list[Row]:
    started, count = time.perf_counter(), len(configs)
    with _game(configs, world) as game:
        train_loss, ruined = _trained(game, configs[0])
        measured = _judged(game, configs[0]) | {"train_loss": train_loss.tolist()}
        rounds = game.engine.round_number
    cost: Row = {"rounds": rounds, "seconds": round((time.perf_counter() - started) / count, 4), "at_once": count}
    rows: list[Row] = []
    for place in range(count):
        found = {name: float(values[place]) for name, values in measured.items()}
        epoch = int(ruined[place])
        if epoch or not math.isfinite(found["test_loss"]):
            rate = configs[place].learning_rate
            error = f"the loss is no longer a number in epoch {epoch or configs[0].epochs}: choose a learning_rate below {rate:g}"
            rows.append(dict.fromkeys(MEASURES, math.nan) | cost | {"error": error})
        else:
            rows.append({name: found[name] for name in MEASURES} | cost | {"error": None})
    return rows


@contextmanager
def _game(configs: Sequence[RunConfig], world: Environment) -> Iterator[Game]:
    """The game of one cell, or one whose replicas are the cells: each with the network and rate that it has alone."""
    games = [assemble(config, environment=world) for config in configs]
    if len(games) == 1:
        with closing(games[0].engine):
            yield games[0]
        return
    for game in games:
        game.engine.close()
    setups, choice = tuple(game.setups[0] for game in games), games[0].choice
    batches = Batches(len(world.train), configs[0].batch_size, tuple(config.seed for config in configs))
    with closing(tensor_engine(setups, batches.size, device=choice.device, matmul=choice.matmul)) as engine:
        yield Game(world, engine, batches, choice, setups)


def _trained(game: Game, config: RunConfig) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Play all epochs: each replica's mean loss in the last, and the epoch in which it was no number any more, or 0."""
    engine, batches, per_epoch = game.engine, game.batches, game.batches.per_epoch
    plan = planned_for(config.interventions, engine, per_epoch, config.epochs * per_epoch)
    meddling = Meddling(plan, engine, game.setups, per_epoch, None)
    held = engine.hold(game.environment.train)
    loss, ruined = np.zeros(len(game.setups)), np.zeros(len(game.setups), dtype=np.int64)
    with np.errstate(over="ignore", invalid="ignore"):
        for epoch in range(config.epochs):
            engine.pace(pace(config.schedule, epoch, config.epochs))
            order, first = batches.order(epoch), 0
            loss = np.zeros(len(game.setups))
            while first < per_epoch:
                meddling.act()
                last = per_epoch if meddling.next is None else min(per_epoch, meddling.next - epoch * per_epoch)
                part = order[..., batches.part(first).start : batches.part(last - 1).stop]
                sums = as_numpy(engine.play_rounds(held, part, batches.size)).reshape(len(loss), -1)
                loss += sums.astype(np.float64).sum(axis=-1) / batches.samples
                first = last
            ruined[(ruined == 0) & ~np.isfinite(loss)] = epoch + 1
            if ruined.all():
                break
    return loss, ruined


def _judged(game: Game, config: RunConfig) -> dict[str, list[float]]:
    """What each replica's network is worth at the end."""
    count, engine, world = len(game.setups), game.engine, game.environment
    with np.errstate(over="ignore", invalid="ignore"):
        _, train_accuracy = judge(engine, world.payoff, engine.hold(world.train), count, TRAINING_SAMPLES_JUDGED)
        test_loss, test_accuracy = judge(engine, world.payoff, engine.hold(world.test), count)
    cosine = [math.nan] * count
    if config.alignment:
        rows = Alignment(engine.setups, world).measure(engine.state(), config.epochs)
        cosine = [row["cosine"] for row in rows if row["layer"] == WHOLE_NETWORK and row["group"] == EVERYBODY]
    return {"test_accuracy": test_accuracy, "test_loss": test_loss, "train_accuracy": train_accuracy, "cosine": cosine}
