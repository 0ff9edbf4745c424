"""What a meta-game says: equilibria, alpha-rank, where replicator dynamics ends, who takes over, with intervals over the seeds.

Everything is computed again from tables whose seeds are drawn anew, so that an interval of a rank is one of ranks. Intervals go
from the 2.5th to the 97.5th in a hundred tables. Intensities of selection are per spread of the mean payoffs: at 1, who earns the
least imitates who earns the most with odds of e to 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from neuronet.core.errors import NeuroNetError, check_number
from neuronet.games.metagame import external_solvers
from neuronet.games.metagame.alpha_rank import alpha_rank, alpha_rank_two_roles, fixation_probabilities
from neuronet.games.metagame.empirical_game import LayerGame, MetaGame
from neuronet.games.metagame.nash import TOLERANCE, Equilibrium, match_equilibrium, nash, symmetric_equilibria, symmetric_nash
from neuronet.games.metagame.replicator import limit_points, simplex_samples
from neuronet.games.metagame.symmetric_game import SymmetricGame
from neuronet.games.simulation.payoffs import KINDS, Floats

OWN_METHOD = "exact sums"
ALPHAS = (0.1, 1.0, 10.0, 100.0)
"""For which alpha-rank is given besides."""

REPLICATOR_STARTS = 32
"""Mixes from which replicator dynamics begins, evenly spread over all there are."""

CROSS_CHECK_TOLERANCE = 1e-6
"""How far another library's number may be from ours to count as the same."""


@dataclass(frozen=True, eq=False)
class Interval:
    """A number or several, with their 95% intervals over the seeds.

    Attributes:
        value: Of the mean payoffs.
        low: In the same shape.
        high: In the same shape.
    """

    value: Floats
    low: Floats
    high: Floats

    @staticmethod
    def from_samples(value: Floats, resampled: Floats) -> Interval:
        """The interval of what came out of payoffs drawn anew, (resamples, ...)."""
        low, high = np.quantile(resampled, (0.025, 0.975), axis=0)
        return Interval(np.asarray(value), low, high)


@dataclass(frozen=True, eq=False)
class EquilibriumEstimate:
    """An equilibrium of the mean payoffs, and how sure it is.

    Attributes:
        equilibrium: Of the mean payoffs.
        shares: The shares of policies, for each role, with intervals over the tables in which it is there.
        frequency: In which part of the tables drawn anew there is an equilibrium of the same policies, 0 to 1.
        stable: In which part it is there and evolutionarily stable; nan between roles.
    """

    equilibrium: Equilibrium
    shares: tuple[Interval, ...]
    frequency: float
    stable: float


@dataclass(frozen=True, eq=False)
class Analysis:
    """What a meta-game says.

    Attributes:
        names: The policies.
        kind: Which payoff.
        unit: The spread of the mean payoffs.
        alpha: Intensity of selection per unit.
        size: Of the population in which policies are imitated.
        equilibria: Those of the mean payoffs.
        rank: Alpha-rank: (P,), or (P, P) between layers.
        ranks: Alpha-rank for every intensity in ALPHAS.
        pure: (P,), in which part of the tables drawn anew it is an equilibrium that everybody follows this policy; None between
            layers.
        limit_points: (P,), mean shares where replicator dynamics ends, from starts all over; None between layers.
        fixation_probabilities: (P, P), entry [s, r] for one follower of r among those of s; None between layers.
        degenerate: Whether there may be more equilibria than these.
        computed_by: Which library has computed what.
        gaps: How far its numbers were from our own.
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
    computed_by: Mapping[str, str]
    gaps: Mapping[str, float]

    def equilibria_table(self) -> pd.DataFrame:
        """A line for each equilibrium, role and policy: its share with its interval, how often it is there and stable."""
        lines = []
        for number, found in enumerate(self.equilibria, start=1):
            roles = ("everybody",) if len(found.shares) == 1 else ("first", "second")
            for role, shares in zip(roles, found.shares, strict=True):
                parts = zip(self.names, shares.value, shares.low, shares.high, strict=True)
                about = {"frequency": found.frequency, "stable": found.equilibrium.stable, "stable_frequency": found.stable}
                lines += [
                    {"equilibrium": number, "role": role, "policy": name, "share": x, "low": low, "high": high, **about}
                    for name, x, low, high in parts
                ]
        return pd.DataFrame(lines)

    def rank_table(self) -> pd.DataFrame:
        """A line for each intensity of selection and policy, or pair of policies: alpha-rank with its interval."""
        whole = self.rank.value.ndim == 1
        places = list(product(range(len(self.names)), repeat=self.rank.value.ndim))
        lines = []
        for alpha, ranks in sorted({**self.ranks, self.alpha: self.rank}.items()):
            for place in places:
                who = (
                    {"policy": self.names[place[0]]}
                    if whole
                    else dict(zip(("first", "second"), (self.names[p] for p in place), strict=True))
                )
                lines.append(
                    {"alpha": alpha, **who, "rank": ranks.value[place], "low": ranks.low[place], "high": ranks.high[place]}
                )
        return pd.DataFrame(lines)

    def fixation_table(self) -> pd.DataFrame:
        """A line for each mutant among residents: its chance to take over with its interval, and the neutral one."""
        if self.fixation_probabilities is None:
            return pd.DataFrame()
        probabilities, count = self.fixation_probabilities, len(self.names)
        pairs = [(s, r) for s in range(count) for r in range(count) if s != r]
        lines = [
            {
                "residents": self.names[s],
                "mutant": self.names[r],
                "fixation_probability": probabilities.value[s, r],
                "low": probabilities.low[s, r],
                "high": probabilities.high[s, r],
                "neutral": 1 / self.size,
            }
            for s, r in pairs
        ]
        return pd.DataFrame(lines)


def analyse(
    meta: MetaGame, kind: str = "attention", *, alpha: float = 10.0, size: int | None = None, resamples: int = 200, seed: int = 0
) -> Analysis:
    """Equilibria, alpha-rank, replicator dynamics and fixation of a meta-game.

    Args:
        meta: What was measured.
        kind: Which payoff, of KINDS.
        alpha: Intensity of selection, 0 or more, per spread of the mean payoffs.
        size: Of the population; as large as the layer, if it is not given.
        resamples: How many tables are drawn anew, 2 or more.
        seed: Of drawing them.

    Raises:
        NeuroNetError: Something is out of range.
    """
    check_number("alpha", alpha, 0)
    check_number("resamples", resamples, 2, whole=True)
    raw = meta.game(kind)
    unit, size = raw.payoff_range, meta.neurons if size is None else size
    game, resampled = raw.rescaled(unit), meta.resampled(kind, resamples, seed).rescaled(unit)
    by: dict[str, str] = {}
    gaps: dict[str, float] = {}
    if game.players == 2 and external_solvers.is_installed("nashpy"):
        (found, degenerate), by["equilibria"] = symmetric_nash(game), "nashpy"
    else:
        found, degenerate, by["equilibria"] = symmetric_equilibria(game), False, "own search"
    resampled_games = [SymmetricGame(game.names, game.players, payoffs) for payoffs in resampled.payoffs]
    ours = alpha_rank(game, alpha, size)
    theirs = None
    if game.players == 2 and external_solvers.is_installed("open_spiel"):
        theirs = _external_result(lambda: external_solvers.alpha_rank_by_open_spiel(game, alpha, size))
    by["alpha-rank"] = _compare_with_external(ours, theirs, "open_spiel", gaps)
    fixed = fixation_probabilities(game, alpha, size)
    theirs = (
        _external_result(lambda: external_solvers.fixation_probabilities_by_egttools(game, alpha, size))
        if external_solvers.is_installed("egttools")
        else None
    )
    by["fixation"] = _compare_with_external(fixed, theirs, "egttools", gaps)
    starts = simplex_samples(len(game.names), REPLICATOR_STARTS)
    ended = limit_points(SymmetricGame(game.names, game.players, resampled.payoffs[:, None]), starts).mean(axis=1)
    by["replicator dynamics"] = "exponential weights"
    return Analysis(
        game.names,
        kind,
        unit,
        alpha,
        size,
        tuple(_estimate_equilibrium(each, [match_equilibrium(other, each) for other in resampled_games]) for each in found),
        Interval.from_samples(ours, alpha_rank(resampled, alpha, size)),
        {each: Interval.from_samples(alpha_rank(game, each, size), alpha_rank(resampled, each, size)) for each in ALPHAS},
        _pure_equilibrium_frequency(resampled),
        Interval.from_samples(limit_points(game, starts).mean(axis=0), ended),
        Interval.from_samples(fixed, fixation_probabilities(resampled, alpha, size)),
        degenerate,
        by,
        gaps,
    )


def analyse_layers(
    meta: LayerGame, kind: str = "attention", *, alpha: float = 10.0, size: int | None = None, resamples: int = 200, seed: int = 0
) -> Analysis:
    """Equilibria and alpha-rank of a game between two layers; arguments as for `analyse`.

    Raises:
        NeuroNetError: Something is out of range, or nashpy is missing.
    """
    check_number("alpha", alpha, 0)
    check_number("resamples", resamples, 2, whole=True)
    raw = meta.payoffs(kind)
    units = np.array([float(np.ptp(part)) or 1.0 for part in raw])[:, None, None]
    size = min(meta.neurons) if size is None else size
    payoffs, resampled = raw / units, meta.resampled(kind, resamples, seed) / units
    found, degenerate = nash(*payoffs)
    again = [nash(*each)[0] for each in resampled]
    by, gaps = {"equilibria": "nashpy"}, dict[str, float]()
    theirs = (
        _external_result(lambda: external_solvers.alpha_rank_two_roles_by_open_spiel(payoffs, alpha, size))
        if external_solvers.is_installed("open_spiel")
        else None
    )
    ours = alpha_rank_two_roles(payoffs, alpha, size)
    by["alpha-rank"] = _compare_with_external(ours, theirs, "open_spiel", gaps)
    same = [[next((other for other in each if other.support == one.support), None) for each in again] for one in found]
    ranks = {
        each: Interval.from_samples(alpha_rank_two_roles(payoffs, each, size), alpha_rank_two_roles(resampled, each, size))
        for each in ALPHAS
    }
    return Analysis(
        meta.names,
        kind,
        float(np.max(units)),
        alpha,
        size,
        tuple(_estimate_equilibrium(one, others) for one, others in zip(found, same, strict=True)),
        Interval.from_samples(ours, alpha_rank_two_roles(resampled, alpha, size)),
        ranks,
        None,
        None,
        None,
        degenerate,
        by,
        gaps,
    )


def _pure_equilibrium_frequency(resampled: SymmetricGame) -> Floats:
    """In which part of the games each policy is a best answer to itself, (P,)."""
    alone = np.eye(len(resampled.names))
    earned = SymmetricGame(resampled.names, resampled.players, resampled.payoffs[:, None]).expected(alone)
    best = np.diagonal(earned, axis1=-2, axis2=-1) >= earned.max(axis=-1) - TOLERANCE
    found: Floats = best.mean(axis=0)
    return found


def ranks_by_payoff(meta: MetaGame, analysis: Analysis, resamples: int = 200, seed: int = 0) -> pd.DataFrame:
    """Alpha-rank for every payoff, a line for each payoff and policy, with its interval."""
    lines = []
    for kind in KINDS:
        raw = meta.game(kind)
        game, resampled = raw.rescaled(raw.payoff_range), meta.resampled(kind, resamples, seed).rescaled(raw.payoff_range)
        alpha, size = analysis.alpha, analysis.size
        ranks = Interval.from_samples(alpha_rank(game, alpha, size), alpha_rank(resampled, alpha, size))
        parts = zip(meta.names, ranks.value, ranks.low, ranks.high, strict=True)
        lines += [{"payoff": kind, "policy": name, "rank": x, "low": low, "high": high} for name, x, low, high in parts]
    return pd.DataFrame(lines)


def _estimate_equilibrium(known: Equilibrium, again: Sequence[Equilibrium | None]) -> EquilibriumEstimate:
    there = [each for each in again if each is not None]
    shares = [np.array([each.mixes[role] for each in there] or [mix]) for role, mix in enumerate(known.mixes)]
    stable = float("nan") if known.stable is None else sum(bool(each.stable) for each in there) / len(again)
    intervals = tuple(Interval.from_samples(mix, resampled) for mix, resampled in zip(known.mixes, shares, strict=True))
    return EquilibriumEstimate(known, intervals, len(there) / len(again), stable)


def _external_result(compute: Callable[[], Floats]) -> Floats | None:
    """Another library's answer; None where it has none."""
    try:
        return compute()
    except NeuroNetError:
        return None


def _compare_with_external(ours: Floats, theirs: Floats | None, library: str, gaps: dict[str, float]) -> str:
    """Who has computed a number; how far the other library is from ours goes into the gaps."""
    if theirs is None:
        return OWN_METHOD
    gaps[library] = float(np.nanmax(np.abs(ours - theirs)))
    return (
        f"{library} and {OWN_METHOD}"
        if gaps[library] <= CROSS_CHECK_TOLERANCE
        else f"{OWN_METHOD}; {library} differs by {gaps[library]:.2g}"
    )
