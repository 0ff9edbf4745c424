"""Training of a candidate of a comparison: all its learning rates and seeds are replicas of one engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.baselines import Backprop
from neuronet.core import Array, Batches, Environment, Policy, Population, Samples, Shares, Synchronous
from neuronet.engines.base import Engine, Setup
from neuronet.policies import AttentionSeeking
from neuronet.training import (
    Callback,
    EngineChoice,
    RunConfig,
    RunProgress,
    TrainableEngine,
    Trainer,
    build_networks,
    evaluate,
)

CURVE_COLUMNS = ("learning_rate", "seed", "epoch", "train_loss", "test_loss", "test_accuracy")


@dataclass(frozen=True)
class Candidate:
    """Candidate of a comparison.

    Attributes:
        name: Text of a policy or population, or "backprop".
        population: Assignment of policies to neurons; None for the baseline.
        spec: The text with every parameter.
    """

    name: str
    population: Population | None
    spec: str


@dataclass(frozen=True, eq=False)
class ComparisonSetup:
    """Conditions of training that all candidates share.

    Attributes:
        config: Configuration; its policy, learning rate and seeds are not used.
        environment: Environment; candidates are evaluated on its test samples.
        engine_choice: Device and precision.
    """

    config: RunConfig
    environment: Environment
    engine_choice: EngineChoice

    @property
    def fingerprint(self) -> dict[str, Any]:
        """What the record holds besides the configuration: nothing."""
        return {}

    def train_candidate(self, candidate: Candidate, rates: Sequence[float], seeds: Sequence[int]) -> pd.DataFrame:
        """Train with every learning rate from every seed and return a row for each rate, seed and epoch, by CURVE_COLUMNS.

        All candidates start from the same networks and play the same batches. The losses of a diverged run are not finite.

        Args:
            candidate: Candidate to train.
            rates: Learning rates.
            seeds: Consecutive seeds.
        """
        return self._train(candidate, rates, seeds)

    def policies(self, candidate: Candidate) -> tuple[Policy, ...]:
        """Return the policies that a candidate's neurons follow; none for the baseline."""
        if candidate.population is None:
            return ()
        config = self.config.model_copy(update={"replicas": 1})
        (network,) = build_networks(config, self.environment)
        return Setup(network, candidate.population.groups(network, config.seed)).all_policies

    def play_again(self, candidate: Candidate, rate: float, seed: int, watch: Callable[[Setup], Setup]) -> None:
        """Train with one learning rate from one seed, with the setup that a function makes of the candidate's."""
        self._train(candidate, [rate], [seed], watch)

    def _train(
        self,
        candidate: Candidate,
        rates: Sequence[float],
        seeds: Sequence[int],
        watch: Callable[[Setup], Setup] | None = None,
    ) -> pd.DataFrame:
        config = self.config.model_copy(update={"seed": seeds[0], "replicas": len(seeds)})
        networks = dict(zip(seeds, build_networks(config, self.environment), strict=True))
        games = [(rate, seed) for rate in rates for seed in seeds]
        payoff, dtype = self.environment.payoff, self.engine_choice.dtype
        population = candidate.population or Shares(((AttentionSeeking(), 1.0),))  # ignored by the baseline
        is_baseline = candidate.population is None
        setups = [
            Setup(
                networks[seed],
                population.groups(networks[seed], seed),
                config.optimizer,
                rate,
                payoff,
                seed,
                dtype,
                channels=() if is_baseline else config.channels,
                update_schedule=Synchronous() if is_baseline else config.update_schedule,
            )
            for rate, seed in games
        ]
        setups = setups if watch is None else list(map(watch, setups))
        engine: Backprop | Engine
        if is_baseline:
            engine = Backprop(setups, device=self.engine_choice.device)
        else:
            engine = self.engine_choice.build(setups, config.batch_size)
        with closing(engine):
            return train_games(engine, games, self.environment, self.config)


class ComparableEngine(TrainableEngine, Protocol):
    """Engine that can be trained and evaluated."""

    def prepare(self, samples: Samples, /) -> Samples:
        """Return samples as the engine takes them."""

    def outputs(self, inputs: Array, /) -> Array:
        """Return the outputs of each replica for inputs."""


def train_games(
    engine: ComparableEngine, games: Sequence[tuple[float, int]], environment: Environment, config: RunConfig
) -> pd.DataFrame:
    """Train the replicas of an engine, and return a row for each of them and each epoch, by CURVE_COLUMNS.

    Args:
        engine: Engine that has not played yet.
        games: Learning rate and seed of each replica.
        environment: Samples to train and to evaluate on.
        config: Epochs, batch size and learning-rate schedule.
    """
    test = engine.prepare(environment.test)
    batches = Batches(len(environment.train), config.batch_size, tuple(seed for _, seed in games))
    curves = _Curves(games, batches.samples, lambda: evaluate(engine, environment.payoff, test, len(games)))
    samples = engine.prepare(environment.train)
    Trainer(engine, batches, samples, epochs=config.epochs, lr_schedule=config.lr_schedule, callbacks=(curves,)).run()
    return pd.DataFrame(curves.rows, columns=list(CURVE_COLUMNS))


class _Curves(Callback):
    """Callback that collects the rows of the learning curves."""

    def __init__(
        self, games: Sequence[tuple[float, int]], samples: int, evaluate_all: Callable[[], tuple[list[float], list[float]]]
    ) -> None:
        self._games, self._samples, self._evaluate = games, samples, evaluate_all
        self._train_loss = np.zeros(len(games))
        self.rows: list[tuple[float, ...]] = []

    def after_rounds(self, run: RunProgress, losses: NDArray[Any]) -> None:
        self._train_loss = losses.sum(axis=-1, dtype=np.float64) / self._samples  # the rounds of a whole epoch

    def on_epoch_end(self, run: RunProgress) -> None:
        numbers = zip(self._train_loss, *self._evaluate(), strict=True)
        self.rows += [(*game, run.epoch, *values) for game, values in zip(self._games, numbers, strict=True)]
