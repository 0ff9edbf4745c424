"""Analysis of a meta-game: equilibria, alpha-rank, replicator dynamics and fixation, with intervals over the seeds.

Every estimate is repeated for tables of payoffs that are drawn around the means; intervals span the 2.5th to the 97.5th
percentile. Intensities of selection are per range of the mean payoffs: at 1, the player with the lowest payoff imitates the one
with the highest with odds of e to 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from neuronet.core import check_number
from neuronet.games.metagame.alpha_rank import alpha_rank, alpha_rank_two_roles, fixation_probabilities
from neuronet.games.metagame.analysis_result import Analysis, EquilibriumEstimate, Interval
from neuronet.games.metagame.dynamics import HORIZON, endings, simplex_samples, trajectory
from neuronet.games.metagame.empirical_game import LayerGame, MetaGame
from neuronet.games.metagame.nash import (
    Equilibrium,
    match_equilibrium,
    payoff_matrix,
    symmetric_equilibria,
)
from neuronet.games.metagame.stability import TOLERANCE
from neuronet.games.metagame.symmetric_game import SymmetricGame
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.bimatrix import bimatrix_equilibria, has_continuum

ALPHAS = (0.1, 1.0, 10.0, 100.0)
"""Further intensities of selection for which alpha-rank is computed."""

RESAMPLED_TIMES = 33
"""Number of times over which the shares of a resampled game are averaged."""

REPLICATOR_STARTS = 16
"""Number of initial mixes of replicator dynamics, uniform on the simplex."""


def analyse(
    meta: MetaGame, kind: str = "attention", *, alpha: float = 10.0, size: int | None = None, resamples: int = 200, seed: int = 0
) -> Analysis:
    """Return equilibria, alpha-rank, endings of replicator dynamics and fixation probabilities of a meta-game.

    Args:
        meta: Measured meta-game.
        kind: Payoff by name.
        alpha: Intensity of selection per range of the mean payoffs, 0 or more.
        size: Size of the population; None for the number of neurons of the layer.
        resamples: Number of tables of payoffs that are drawn for intervals, 2 or more.
        seed: Seed of the draws.

    Raises:
        ConfigurationError: A value is out of range.
        SpecError: The payoff is unknown.
    """
    check_number("alpha", alpha, 0)
    check_number("resamples", resamples, 2, whole=True)
    population = meta.neurons if size is None else size
    game, resampled = _rescaled_games(meta, kind, resamples, seed)
    matrix = payoff_matrix(game) if game.players == 2 else None
    samples = [SymmetricGame(game.names, game.players, payoffs) for payoffs in resampled.payoffs]
    starts = simplex_samples(len(game.names), REPLICATOR_STARTS)
    with_starts = SymmetricGame(game.names, game.players, resampled.payoffs[:, None])
    ended = endings(game, starts)

    def interval(estimate: Callable[[SymmetricGame], Floats]) -> Interval:
        return Interval.from_samples(estimate(game), estimate(resampled))

    return Analysis(
        names=game.names,
        kind=kind,
        unit=meta.game(kind).payoff_range,
        alpha=alpha,
        size=population,
        equilibria=tuple(
            _estimate_equilibrium(equilibrium, [match_equilibrium(other, equilibrium) for other in samples])
            for equilibrium in symmetric_equilibria(game)
        ),
        rank=interval(partial(alpha_rank, alpha=alpha, size=population)),
        ranks={other: interval(partial(alpha_rank, alpha=other, size=population)) for other in ALPHAS},
        pure=_pure_equilibrium_frequency(with_starts),
        ending_shares=Interval.from_samples(ended.shares.mean(axis=0), _mean_shares(with_starts, starts)),
        ending_counts=ended.counts(),
        fixation_probabilities=interval(partial(fixation_probabilities, alpha=alpha, size=population)),
        degenerate=matrix is not None and bimatrix_equilibria(matrix, matrix.T)[1],
    )


def analyse_layers(
    meta: LayerGame, kind: str = "attention", *, alpha: float = 10.0, size: int | None = None, resamples: int = 200, seed: int = 0
) -> Analysis:
    """Return equilibria and alpha-rank of a game between two layers; the arguments are those of `analyse`.

    Raises:
        ConfigurationError: A value is out of range.
        SpecError: The payoff is unknown.
    """
    check_number("alpha", alpha, 0)
    check_number("resamples", resamples, 2, whole=True)
    raw, population = meta.payoffs(kind), min(meta.neurons) if size is None else size
    units = np.array([float(np.ptp(part)) or 1.0 for part in raw])[:, None, None]
    payoffs, resampled = raw / units, meta.resampled(kind, resamples, seed) / units
    equilibria, _ = bimatrix_equilibria(*payoffs)
    by_support = [{other.support: other for other in reversed(bimatrix_equilibria(*table)[0])} for table in resampled]

    def rank(intensity: float) -> Interval:
        value = alpha_rank_two_roles(payoffs, intensity, population)
        return Interval.from_samples(value, alpha_rank_two_roles(resampled, intensity, population))

    return Analysis(
        names=meta.names,
        kind=kind,
        unit=float(np.max(units)),
        alpha=alpha,
        size=population,
        equilibria=tuple(
            _estimate_equilibrium(equilibrium, [others.get(equilibrium.support) for others in by_support])
            for equilibrium in equilibria
        ),
        rank=rank(alpha),
        ranks={other: rank(other) for other in ALPHAS},
        pure=None,
        ending_shares=None,
        ending_counts=None,
        fixation_probabilities=None,
        degenerate=has_continuum(equilibria),
    )


def _mean_shares(games: SymmetricGame, starts: Floats) -> Floats:
    """Return the shares late in replicator dynamics, (resamples, P), means over times and initial mixes, (N, P)."""
    times = np.linspace(HORIZON / 2, HORIZON, RESAMPLED_TIMES)
    repeated = np.broadcast_to(starts, (len(games.payoffs), *starts.shape))
    return np.asarray(trajectory(games, repeated, times, tolerance=1e-4).mean(axis=(0, 2)))


def _pure_equilibrium_frequency(games: SymmetricGame) -> Floats:
    """Return the fraction of games, (resamples, 1, P, M), in which each policy is a best response to itself, (P,)."""
    earned = games.expected(np.eye(len(games.names)))
    best = np.diagonal(earned, axis1=-2, axis2=-1) >= earned.max(axis=-1) - TOLERANCE
    return np.asarray(best.mean(axis=0))


def ranks_by_payoff(meta: MetaGame, analysis: Analysis, resamples: int = 200, seed: int = 0) -> pd.DataFrame:
    """Return the alpha-rank by each payoff of the game, one row per payoff and policy."""
    parts = []
    for kind in meta.payoffs_by_seed:
        games = _rescaled_games(meta, kind, resamples, seed)
        ranks = Interval.from_samples(*(alpha_rank(game, analysis.alpha, analysis.size) for game in games))
        parts.append(pd.DataFrame({"payoff": kind, "policy": meta.names, **ranks.columns("rank")}))
    return pd.concat(parts, ignore_index=True)


def _rescaled_games(meta: MetaGame, kind: str, resamples: int, seed: int) -> tuple[SymmetricGame, SymmetricGame]:
    """Return the game of the mean payoffs and the resampled games, both in units of the range of the mean payoffs."""
    game = meta.game(kind)
    return game.rescaled(game.payoff_range), meta.resampled(kind, resamples, seed).rescaled(game.payoff_range)


def _estimate_equilibrium(known: Equilibrium, resampled: Sequence[Equilibrium | None]) -> EquilibriumEstimate:
    matches = [equilibrium for equilibrium in resampled if equilibrium is not None]
    shares = [np.array([match.mixes[role] for match in matches] or [mix]) for role, mix in enumerate(known.mixes)]
    stable = float("nan") if known.stable is None else sum(bool(match.stable) for match in matches) / len(resampled)
    intervals = tuple(Interval.from_samples(mix, samples) for mix, samples in zip(known.mixes, shares, strict=True))
    return EquilibriumEstimate(known, intervals, len(matches) / len(resampled), stable)
