"""Results of the analysis of a meta-game, as arrays and as tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuronet.games.metagame.nash import Equilibrium
from neuronet.games.simulation.payoffs import Floats
from neuronet.statistics import CONFIDENCE, t_quantile


@dataclass(frozen=True, eq=False)
class Interval:
    """Estimates with 95% intervals over the seeds.

    Attributes:
        value: Estimates from the mean payoffs.
        low: Lower ends, in the same shape.
        high: Upper ends, in the same shape.
    """

    value: Floats
    low: Floats
    high: Floats

    @staticmethod
    def of_means(values: Floats) -> Interval:
        """Return the mean of values over the seeds, (S, ...), with its interval by Student's t."""
        count = len(values)
        half = t_quantile((1 - CONFIDENCE) / 2, count - 1) * values.std(axis=0, ddof=1) / math.sqrt(count)
        mean = values.mean(axis=0)
        return Interval(np.asarray(mean), np.asarray(mean - half), np.asarray(mean + half))

    @staticmethod
    def from_samples(value: Floats, resampled: Floats) -> Interval:
        """Return the interval of estimates from resampled payoffs, (resamples, ...), which `sampled_means` draws."""
        low, high = np.quantile(resampled, (0.025, 0.975), axis=0)
        return Interval(np.asarray(value), low, high)

    def columns(self, name: str) -> dict[str, Floats]:
        """Return the estimates, under a name, and the ends "low" and "high" as flat columns of a table."""
        return {name: self.value.reshape(-1), "low": self.low.reshape(-1), "high": self.high.reshape(-1)}


@dataclass(frozen=True, eq=False)
class EquilibriumEstimate:
    """Equilibrium of the mean payoffs with its frequency in resampled games.

    Attributes:
        equilibrium: Equilibrium of the mean payoffs.
        shares: Shares of the policies per role, with intervals over the resampled games that have the equilibrium.
        frequency: Fraction of resampled games with an equilibrium of equal support, 0 to 1.
        stable: Fraction of resampled games in which it is also evolutionarily stable; nan between roles.
    """

    equilibrium: Equilibrium
    shares: tuple[Interval, ...]
    frequency: float
    stable: float


@dataclass(frozen=True, eq=False)
class Analysis:
    """Equilibria and evolutionary dynamics of a meta-game.

    Attributes:
        names: Names of the P policies.
        kind: Payoff.
        unit: Range of the mean payoffs.
        alpha: Intensity of selection per unit.
        size: Size of the population in which policies are imitated.
        equilibria: Equilibria of the mean payoffs.
        rank: Alpha-rank, (P,), or (P, P) between layers.
        ranks: Alpha-rank for each intensity in ALPHAS.
        pure: Fraction of resampled games in which all players following the policy is an equilibrium, (P,); None between layers.
        ending_shares: Shares to which replicator dynamics leads, (P,), means over initial mixes; None between layers.
        ending_counts: Number of initial mixes by the kind of their ending: fixed, cycle, undecided; None between layers.
        fixation_probabilities: Entry [s, r] for a mutant r among s, (P, P); None between layers.
        degenerate: Whether the game of the mean payoffs may have more equilibria: of neurons, if it is degenerate; between
            layers, if mixtures of these are equilibria.
    """

    names: tuple[str, ...]
    kind: str
    unit: float
    alpha: float
    size: int
    equilibria: tuple[EquilibriumEstimate, ...]
    rank: Interval
    ranks: Mapping[float, Interval]
    pure: Floats | None
    ending_shares: Interval | None
    ending_counts: Mapping[str, int] | None
    fixation_probabilities: Interval | None
    degenerate: bool

    def equilibria_table(self) -> pd.DataFrame:
        """Return one row per equilibrium, role and policy, with share, frequency and stability."""
        parts = [pd.DataFrame()]
        for number, estimate in enumerate(self.equilibria, start=1):
            roles = ("all",) if len(estimate.shares) == 1 else ("first", "second")
            known = estimate.equilibrium
            stable = {
                "stable": known.stable,
                "neutral": None if known.stable is None else known.neutral,
                "stable_frequency": estimate.stable,
            }
            for role, shares in zip(roles, estimate.shares, strict=True):
                index = {"equilibrium": number, "role": role, "policy": self.names}
                parts.append(pd.DataFrame({**index, **shares.columns("share"), "frequency": estimate.frequency, **stable}))
        return pd.concat(parts, ignore_index=True)

    def rank_table(self) -> pd.DataFrame:
        """Return one row per intensity of selection and policy, or pair of policies, with its alpha-rank."""
        columns = ["policy"] if self.rank.value.ndim == 1 else ["first", "second"]
        index = pd.MultiIndex.from_product([self.names] * len(columns), names=columns).to_frame(index=False)
        ranks = sorted({**self.ranks, self.alpha: self.rank}.items())
        parts = {alpha: index.assign(**interval.columns("rank")) for alpha, interval in ranks}
        return pd.concat(parts, names=["alpha"]).reset_index("alpha").reset_index(drop=True)

    def fixation_table(self) -> pd.DataFrame:
        """Return one row per pair of residents and mutant, with the fixation probability and the neutral one."""
        if self.fixation_probabilities is None:
            return pd.DataFrame()
        index = pd.MultiIndex.from_product([self.names] * 2, names=["residents", "mutant"]).to_frame(index=False)
        table = index.assign(**self.fixation_probabilities.columns("fixation_probability"), neutral=1 / self.size)
        return table[table["residents"] != table["mutant"]].reset_index(drop=True)
