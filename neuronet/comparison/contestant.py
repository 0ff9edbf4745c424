"""One candidate of a comparison: trained with many learning rates and seeds at once, as replicas of one game."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from neuronet.baselines.backprop import Backprop
from neuronet.core.batches import Batches
from neuronet.core.environment import Environment
from neuronet.core.learning.optimizers import lr_factor
from neuronet.core.learning.update_schedule import Synchronous
from neuronet.core.structure.population import Population, Shares
from neuronet.engines.base.engine import Setup
from neuronet.engines.tensors import tensor_engine
from neuronet.policies import AttentionSeeking
from neuronet.training.assembly import build_networks
from neuronet.training.config import RunConfig
from neuronet.training.engine_selection import EngineChoice
from neuronet.training.evaluation import as_numpy, evaluate

BASELINE = "backprop"
"""Error backpropagation by torch's autograd and torch.optim; it is no policy."""

CURVE_COLUMNS = ("learning_rate", "seed", "epoch", "train_loss", "test_loss", "test_accuracy")


@dataclass(frozen=True)
class Candidate:
    """Who is compared.

    Attributes:
        name: A policy's or a mixed society's text, or "backprop".
        population: Which neurons follow which policy; None for the baseline, which has no policies.
        spec: Its text with every parameter.
    """

    name: str
    population: Population | None
    spec: str


@dataclass(frozen=True, eq=False)
class ComparisonSetup:
    """Where candidates are trained, the same for all.

    Attributes:
        config: Everything but the policy, the learning rate and the seeds.
        environment: Where samples come from; its test samples judge.
        engine_choice: Device and precision.
    """

    config: RunConfig
    environment: Environment
    engine_choice: EngineChoice

    def train_candidate(self, candidate: Candidate, rates: Sequence[float], seeds: Sequence[int]) -> pd.DataFrame:
        """Train with every learning rate from every seed: a line for each rate, seed and epoch, by CURVE_COLUMNS.

        All candidates begin with the same networks and play the same batches. Where one's loss is no longer a number, its
        line says so.

        Args:
            candidate: Who is trained.
            rates: Learning rates.
            seeds: Seeds, one after the other.
        """
        config = self.config.model_copy(update={"seed": seeds[0], "replicas": len(seeds)})
        networks = dict(zip(seeds, build_networks(config, self.environment), strict=True))
        games = [(rate, seed) for rate in rates for seed in seeds]
        payoff, dtype = self.environment.payoff, self.engine_choice.dtype
        population = candidate.population or Shares(((AttentionSeeking(), 1.0),))  # the baseline asks nobody
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
        engine: Any
        if is_baseline:
            engine = Backprop(setups, device=self.engine_choice.device)
        else:
            engine = tensor_engine(setups, config.batch_size, device=self.engine_choice.device, matmul=self.engine_choice.matmul)
        with closing(engine):
            return self._train(engine, games)

    def _train(self, engine: Any, games: Sequence[tuple[float, int]]) -> pd.DataFrame:
        train, test = engine.prepare(self.environment.train), engine.prepare(self.environment.test)
        batches = Batches(len(self.environment.train), self.config.batch_size, tuple(seed for _, seed in games))
        rows = []
        for epoch in range(self.config.epochs):
            engine.set_lr_factor(lr_factor(self.config.lr_schedule, epoch, self.config.epochs))
            sums = as_numpy(engine.play_rounds(train, batches.order(epoch), batches.size)).reshape(len(games), -1)
            learnt = sums.sum(axis=-1, dtype=np.float64) / batches.samples
            loss, accuracy = evaluate(engine, self.environment.payoff, test, len(games))
            rows += [
                (*game, epoch + 1, *each) for game, each in zip(games, zip(learnt, loss, accuracy, strict=True), strict=True)
            ]
        return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))
