"""One contestant of a comparison: trained with many learning rates and seeds at once, as replicas of one game."""

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
from neuronet.core.learning.optimizers import pace, rule_named
from neuronet.core.structure.population import Population, Shares
from neuronet.engines.base.engine import Setup
from neuronet.engines.tensors import tensor_engine
from neuronet.policies import AttentionSeeking
from neuronet.training.assembly import networks_of
from neuronet.training.config import RunConfig
from neuronet.training.engine_selection import Choice
from neuronet.training.evaluation import as_numpy, judge

BASELINE = "backprop"
"""Error backpropagation by torch's autograd and torch.optim; it is no policy."""

CURVE_COLUMNS = ("learning_rate", "seed", "epoch", "train_loss", "test_loss", "test_accuracy")


@dataclass(frozen=True)
class Contestant:
    """Who is compared.

    Attributes:
        name: A policy's or a mixed society's text, or "backprop".
        population: Which neurons follow which policy; None for the baseline, which has no policies.
        spelled: Its text with every parameter.
    """

    name: str
    population: Population | None
    spelled: str


@dataclass(frozen=True, eq=False)
class Arena:
    """Where contestants are trained, the same for all.

    Attributes:
        config: Everything but the policy, the learning rate and the seeds.
        world: Where samples come from; its test samples judge.
        choice: Device and precision.
    """

    config: RunConfig
    world: Environment
    choice: Choice

    def play(self, contestant: Contestant, rates: Sequence[float], seeds: Sequence[int]) -> pd.DataFrame:
        """Train with every learning rate from every seed: a line for each rate, seed and epoch, by CURVE_COLUMNS.

        All contestants begin with the same networks and play the same batches. Where one's loss is no longer a number, its
        line says so.

        Args:
            contestant: Who is trained.
            rates: Learning rates.
            seeds: Seeds, one after the other.
        """
        config = self.config.model_copy(update={"seed": seeds[0], "replicas": len(seeds)})
        networks = dict(zip(seeds, networks_of(config, self.world), strict=True))
        games = [(rate, seed) for rate in rates for seed in seeds]
        rule, payoff, dtype = rule_named(config.rule), self.world.payoff, self.choice.dtype
        society = contestant.population or Shares(((AttentionSeeking(), 1.0),))  # the baseline asks nobody
        channels, turns = ((), "synchronous") if contestant.population is None else (config.channels, config.turns)
        setups = [
            Setup(
                networks[seed],
                society.groups(networks[seed], seed),
                rule,
                rate,
                payoff,
                seed,
                dtype,
                channels=channels,
                turns=turns,
            )
            for rate, seed in games
        ]
        engine: Any
        if contestant.population is None:
            engine = Backprop(setups, device=self.choice.device)
        else:
            engine = tensor_engine(setups, config.batch_size, device=self.choice.device, matmul=self.choice.matmul)
        with closing(engine):
            return self._train(engine, games)

    def _train(self, engine: Any, games: Sequence[tuple[float, int]]) -> pd.DataFrame:
        train, test = engine.hold(self.world.train), engine.hold(self.world.test)
        batches = Batches(len(self.world.train), self.config.batch_size, tuple(seed for _, seed in games))
        rows = []
        for epoch in range(self.config.epochs):
            engine.pace(pace(self.config.schedule, epoch, self.config.epochs))
            sums = as_numpy(engine.play_rounds(train, batches.order(epoch), batches.size)).reshape(len(games), -1)
            learnt = sums.sum(axis=-1, dtype=np.float64) / batches.samples
            loss, accuracy = judge(engine, self.world.payoff, test, len(games))
            rows += [
                (*game, epoch + 1, *each) for game, each in zip(games, zip(learnt, loss, accuracy, strict=True), strict=True)
            ]
        return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))
