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
from neuronet.games.metagame.alpha_rank import alpha_rank, alpha_rank_of_roles, fixations
from neuronet.games.metagame.empirical_game import LayerGame, MetaGame
from neuronet.games.metagame.nash import EXACT, Equilibrium, found_again, nash, nash_of_two, symmetric_equilibria
from neuronet.games.metagame.replicator import even_starts, rests
from neuronet.games.metagame.symmetric_game import SymmetricGame
from neuronet.games.simulation.payoffs import KINDS, Floats

OWN = "exact sums"
ALPHAS = (0.1, 1.0, 10.0, 100.0)
"""For which alpha-rank is given besides."""

SPREAD_OF_STARTS = 32
"""Mixes from which replicator dynamics begins, evenly spread over all there are."""

AGREED = 1e-6
"""How far another library's number may be from ours to count as the same."""


@dataclass(frozen=True, eq=False)
class Spread:
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
    def of(value: Floats, redrawn: Floats) -> Spread:
        """The interval of what came out of payoffs drawn anew, (resamples, ...)."""
        low, high = np.quantile(redrawn, (0.025, 0.975), axis=0)
        return Spread(np.asarray(value), low, high)


@dataclass(frozen=True, eq=False)
class Resting:
    """An equilibrium of the mean payoffs, and how sure it is.

    Attributes:
        equilibrium: Of the mean payoffs.
        shares: The shares of policies, for each role, with intervals over the tables in which it is there.
        there: In which part of the tables drawn anew there is an equilibrium of the same policies, 0 to 1.
        stable: In which part it is there and evolutionarily stable; nan between roles.
    """

    equilibrium: Equilibrium
    shares: tuple[Spread, ...]
    there: float
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
        rests: (P,), mean shares where replicator dynamics ends, from starts all over; None between layers.
        fixations: (P, P), entry [s, r] for one follower of r among those of s; None between layers.
        degenerate: Whether there may be more equilibria than these.
        by: Which library has computed what.
        gaps: How far its numbers were from our own.
    """

    names: tuple[str, ...]
    kind: str
    unit: float
    alpha: float
    size: int
    equilibria: tuple[Resting, ...]
    rank: Spread
    ranks: Mapping[float, Spread]
    pure: Floats | None
    rests: Spread | None
    fixations: Spread | None
    degenerate: bool
    by: Mapping[str, str]
    gaps: Mapping[str, float]

    def equilibria_table(self) -> pd.DataFrame:
        """A line for each equilibrium, role and policy: its share with its interval, how often it is there and stable."""
        lines = []
        for number, found in enumerate(self.equilibria, start=1):
            roles = ("everybody",) if len(found.shares) == 1 else ("first", "second")
            for role, shares in zip(roles, found.shares, strict=True):
                parts = zip(self.names, shares.value, shares.low, shares.high, strict=True)
                about = {"there": found.there, "stable": found.equilibrium.stable, "stable_there": found.stable}
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
        if self.fixations is None:
            return pd.DataFrame()
        chances, count = self.fixations, len(self.names)
        pairs = [(s, r) for s in range(count) for r in range(count) if s != r]
        lines = [
            {
                "residents": self.names[s],
                "mutant": self.names[r],
                "chance": chances.value[s, r],
                "low": chances.low[s, r],
                "high": chances.high[s, r],
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
    unit, size = raw.spread, meta.neurons if size is None else size
    game, redrawn = raw.in_units(unit), meta.redrawn(kind, resamples, seed).in_units(unit)
    by: dict[str, str] = {}
    gaps: dict[str, float] = {}
    if game.players == 2 and external_solvers.has("nashpy"):
        (found, degenerate), by["equilibria"] = nash_of_two(game), "nashpy"
    else:
        found, degenerate, by["equilibria"] = symmetric_equilibria(game), False, "own search"
    several = [SymmetricGame(game.names, game.players, payoffs) for payoffs in redrawn.payoffs]
    ours = alpha_rank(game, alpha, size)
    theirs = None
    if game.players == 2 and external_solvers.has("open_spiel"):
        theirs = _asked(lambda: external_solvers.alpha_rank_by_open_spiel(game, alpha, size))
    by["alpha-rank"] = _checked(ours, theirs, "open_spiel", gaps)
    fixed = fixations(game, alpha, size)
    theirs = (
        _asked(lambda: external_solvers.fixations_by_egttools(game, alpha, size)) if external_solvers.has("egttools") else None
    )
    by["fixation"] = _checked(fixed, theirs, "egttools", gaps)
    starts = even_starts(len(game.names), SPREAD_OF_STARTS)
    ended = rests(SymmetricGame(game.names, game.players, redrawn.payoffs[:, None]), starts).mean(axis=1)
    by["replicator dynamics"] = "exponential weights"
    return Analysis(
        game.names,
        kind,
        unit,
        alpha,
        size,
        tuple(_resting(each, [found_again(other, each) for other in several]) for each in found),
        Spread.of(ours, alpha_rank(redrawn, alpha, size)),
        {each: Spread.of(alpha_rank(game, each, size), alpha_rank(redrawn, each, size)) for each in ALPHAS},
        _pure(redrawn),
        Spread.of(rests(game, starts).mean(axis=0), ended),
        Spread.of(fixed, fixations(redrawn, alpha, size)),
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
    payoffs, redrawn = raw / units, meta.redrawn(kind, resamples, seed) / units
    found, degenerate = nash(*payoffs)
    again = [nash(*each)[0] for each in redrawn]
    by, gaps = {"equilibria": "nashpy"}, dict[str, float]()
    theirs = (
        _asked(lambda: external_solvers.alpha_rank_of_roles_by_open_spiel(payoffs, alpha, size))
        if external_solvers.has("open_spiel")
        else None
    )
    ours = alpha_rank_of_roles(payoffs, alpha, size)
    by["alpha-rank"] = _checked(ours, theirs, "open_spiel", gaps)
    same = [[next((other for other in each if other.support == one.support), None) for each in again] for one in found]
    ranks = {
        each: Spread.of(alpha_rank_of_roles(payoffs, each, size), alpha_rank_of_roles(redrawn, each, size)) for each in ALPHAS
    }
    return Analysis(
        meta.names,
        kind,
        float(np.max(units)),
        alpha,
        size,
        tuple(_resting(one, others) for one, others in zip(found, same, strict=True)),
        Spread.of(ours, alpha_rank_of_roles(redrawn, alpha, size)),
        ranks,
        None,
        None,
        None,
        degenerate,
        by,
        gaps,
    )


def _pure(redrawn: SymmetricGame) -> Floats:
    """In which part of the games each policy is a best answer to itself, (P,)."""
    alone = np.eye(len(redrawn.names))
    earned = SymmetricGame(redrawn.names, redrawn.players, redrawn.payoffs[:, None]).expected(alone)
    best = np.diagonal(earned, axis1=-2, axis2=-1) >= earned.max(axis=-1) - EXACT
    found: Floats = best.mean(axis=0)
    return found


def ranks_by_payoff(meta: MetaGame, analysis: Analysis, resamples: int = 200, seed: int = 0) -> pd.DataFrame:
    """Alpha-rank for every payoff, a line for each payoff and policy, with its interval."""
    lines = []
    for kind in KINDS:
        raw = meta.game(kind)
        game, redrawn = raw.in_units(raw.spread), meta.redrawn(kind, resamples, seed).in_units(raw.spread)
        alpha, size = analysis.alpha, analysis.size
        ranks = Spread.of(alpha_rank(game, alpha, size), alpha_rank(redrawn, alpha, size))
        parts = zip(meta.names, ranks.value, ranks.low, ranks.high, strict=True)
        lines += [{"payoff": kind, "policy": name, "rank": x, "low": low, "high": high} for name, x, low, high in parts]
    return pd.DataFrame(lines)


def _resting(known: Equilibrium, again: Sequence[Equilibrium | None]) -> Resting:
    there = [each for each in again if each is not None]
    shares = [np.array([each.mixes[role] for each in there] or [mix]) for role, mix in enumerate(known.mixes)]
    stable = float("nan") if known.stable is None else sum(bool(each.stable) for each in there) / len(again)
    spreads = tuple(Spread.of(mix, redrawn) for mix, redrawn in zip(known.mixes, shares, strict=True))
    return Resting(known, spreads, len(there) / len(again), stable)


def _asked(question: Callable[[], Floats]) -> Floats | None:
    """Another library's answer; None where it has none."""
    try:
        return question()
    except NeuroNetError:
        return None


def _checked(ours: Floats, theirs: Floats | None, library: str, gaps: dict[str, float]) -> str:
    """Who has computed a number; how far the other library is from ours goes into the gaps."""
    if theirs is None:
        return OWN
    gaps[library] = float(np.nanmax(np.abs(ours - theirs)))
    return f"{library} and {OWN}" if gaps[library] <= AGREED else f"{OWN}; {library} differs by {gaps[library]:.2g}"
