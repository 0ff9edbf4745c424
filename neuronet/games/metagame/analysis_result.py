"""Results of the analysis of a meta-game, as arrays and as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
import pandas as pd

from neuronet.games.metagame.nash import Equilibrium
from neuronet.games.simulation.payoffs import Floats


@dataclass(frozen=True, eq=False)
class Interval:
    """Estimates with 95% bootstrap intervals over the seeds.

    Attributes:
        value: Estimates from the mean payoffs.
        low: Lower ends, in the same shape.
        high: Upper ends, in the same shape.
    """

    value: Floats
    low: Floats
    high: Floats

    @staticmethod
    def from_samples(value: Floats, resampled: Floats) -> Interval:
        """Return the interval of estimates from resampled payoffs, (resamples, ...)."""
        low, high = np.quantile(resampled, (0.025, 0.975), axis=0)
        return Interval(np.asarray(value), low, high)


@dataclass(frozen=True, eq=False)
class EquilibriumEstimate:
    """Equilibrium of the mean payoffs with its bootstrap frequency.

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
        limit_points: Mean shares at the end of replicator dynamics, (P,); None between layers.
        fixation_probabilities: Entry [s, r] for a mutant r among s, (P, P); None between layers.
        degenerate: Whether the game of the mean payoffs may have more equilibria.
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
    limit_points: Interval | None
    fixation_probabilities: Interval | None
    degenerate: bool

    def equilibria_table(self) -> pd.DataFrame:
        """Return one row per equilibrium, role and policy."""
        rows = []
        for number, estimate in enumerate(self.equilibria, start=1):
            roles = ("all",) if len(estimate.shares) == 1 else ("first", "second")
            stable = {"stable": estimate.equilibrium.stable, "stable_frequency": estimate.stable}
            for role, shares in zip(roles, estimate.shares, strict=True):
                rows += [
                    {"equilibrium": number, "role": role, "policy": name, "share": share, "low": low, "high": high}
                    | {"frequency": estimate.frequency, **stable}
                    for name, share, low, high in zip(self.names, shares.value, shares.low, shares.high, strict=True)
                ]
        return pd.DataFrame(rows)

    def rank_table(self) -> pd.DataFrame:
        """Return one row per intensity of selection and policy, or pair of policies, with its alpha-rank."""
        columns = ("policy",) if self.rank.value.ndim == 1 else ("first", "second")
        rows = []
        for alpha, ranks in sorted({**self.ranks, self.alpha: self.rank}.items()):
            for index in product(range(len(self.names)), repeat=len(columns)):
                names = dict(zip(columns, (self.names[policy] for policy in index), strict=True))
                interval = {"rank": ranks.value[index], "low": ranks.low[index], "high": ranks.high[index]}
                rows.append({"alpha": alpha, **names, **interval})
        return pd.DataFrame(rows)

    def fixation_table(self) -> pd.DataFrame:
        """Return one row per pair of residents and mutant, with the fixation probability and the neutral one."""
        if self.fixation_probabilities is None:
            return pd.DataFrame()
        probabilities = self.fixation_probabilities
        return pd.DataFrame(
            [
                {
                    "residents": self.names[pair[0]],
                    "mutant": self.names[pair[1]],
                    "fixation_probability": probabilities.value[pair],
                    "low": probabilities.low[pair],
                    "high": probabilities.high[pair],
                    "neutral": 1 / self.size,
                }
                for pair in permutations(range(len(self.names)), 2)
            ]
        )
