"""Dynamics of policies in an infinite population, in continuous time.

Replicator dynamics (Taylor and Jonker 1978): shares with above-average payoffs grow. Logit dynamics (Fudenberg and Levine 1998):
players are replaced by others that choose the best policy, with errors. Both are integrated by scipy, on logarithms of shares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.special import log_softmax, logsumexp

from neuronet.core import ConfigurationError, SpecError, check_number
from neuronet.games.metagame.symmetric_game import SymmetricGame, multinomials
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.normal_form import check_game

HORIZON = 400.0
"""Time until which a trajectory is followed; payoffs are in units of their range."""

SAMPLES = 2001
"""Number of times at which the second half of a trajectory is looked at."""

RECURRENCE = 0.01
"""Distance at which a trajectory has returned, as a fraction of the largest distance on its way."""

LOGIT_NOISE = 0.1
"""Size of the errors of logit dynamics, in units of the range of payoffs."""

GrowthRates = Callable[[Floats, Floats], Floats]
"""From payoffs and log shares, both (..., P), to the rates at which log shares grow, (..., P)."""


def _replicator_growth(earned: Floats, logs: Floats) -> Floats:
    """Return `f_p - sum_q x_q f_q`."""
    return np.asarray(earned - np.sum(np.exp(logs) * earned, axis=-1, keepdims=True))


def _logit_growth(earned: Floats, logs: Floats) -> Floats:
    """Return `softmax(f / LOGIT_NOISE)_p / x_p - 1`."""
    return np.asarray(np.expm1(np.minimum(log_softmax(earned / LOGIT_NOISE, axis=-1) - logs, 500.0)))


DYNAMICS: Mapping[str, GrowthRates] = MappingProxyType({"replicator": _replicator_growth, "logit": _logit_growth})
"""Growth rates of log shares, `d log x_p / dt`, by the names of the dynamics, for payoffs f and shares x.

"replicator": `f_p - sum_q x_q f_q`. "logit": `softmax(f / LOGIT_NOISE)_p / x_p - 1`.
"""


@dataclass(frozen=True, eq=False)
class Endings:
    """Where trajectories lead.

    Attributes:
        shares: (..., P): the shares at a fixed point; their means over a cycle; otherwise over the second half of the time.
        kinds: (...), of strings: "fixed", where nothing moves any more and no policy would grow; "cycle", where the shares came
            back to where they had been; "undecided", such as a spiral that has not ended.
    """

    shares: Floats
    kinds: NDArray[np.str_]

    def counts(self) -> dict[str, int]:
        """Return the number of trajectories of each kind that occurs."""
        kinds, counts = np.unique(self.kinds, return_counts=True)
        return dict(zip(kinds.tolist(), counts.tolist(), strict=True))


def replicator(game: SymmetricGame, mix: Floats) -> Floats:
    """Return the rate of change of each share, `x_p (f_p - sum_q x_q f_q)`, (..., P) to (..., P); the rates sum to 0."""
    earned = game.expected(mix)
    return np.asarray(mix * (earned - np.sum(mix * earned, axis=-1, keepdims=True)))


def trajectory(
    game: SymmetricGame, starts: Floats, times: Floats, dynamics: str = "replicator", *, tolerance: float = 1e-9
) -> Floats:
    """Return the shares at given times, (T, ..., P).

    Args:
        game: Game; leading axes of its payoffs are those of the starts. Time is in units of 1 / payoff.
        starts: Shares at time 0, (..., P), all positive, with sum 1.
        times: T increasing times, 0 or later.
        dynamics: One of DYNAMICS.
        tolerance: Relative error of the integration for each step.

    Raises:
        SpecError: The dynamics are unknown.
        ConfigurationError: The starts are not mixes of all policies, the times do not increase, or the integration fails.
    """
    check_game(game, SymmetricGame)
    if dynamics not in DYNAMICS:
        raise SpecError(f"dynamics must be one of {', '.join(DYNAMICS)}, got '{dynamics}'")
    check_number("tolerance", tolerance, 0, above=True)
    starts, times = np.asarray(starts, dtype=np.float64), np.asarray(times, dtype=np.float64)
    _check_mixes(game, starts)
    if times.ndim != 1 or not len(times) or times[0] < 0 or (np.diff(times) <= 0).any():
        raise ConfigurationError(f"times must be increasing numbers from 0 on, got {times}")
    growth, payoffs = DYNAMICS[dynamics], np.swapaxes(game.payoffs, -1, -2)
    opponents, ways = game.opponents.T.astype(np.float64), np.log(multinomials(game.opponents))

    def rates(_: float, flat: Floats) -> Floats:
        logs = flat.reshape(starts.shape)
        logs = logs - logsumexp(logs, axis=-1, keepdims=True)
        odds = np.exp(logs @ opponents + ways)
        return growth((odds[..., None, :] @ payoffs)[..., 0, :], logs).reshape(-1)

    span, first = (0.0, float(times[-1])), np.log(starts).reshape(-1)
    found = solve_ivp(rates, span, first, method="DOP853", t_eval=times, rtol=tolerance, atol=tolerance)
    if not found.success:
        raise ConfigurationError(f"{dynamics} dynamics cannot be integrated until {times[-1]:g}: {found.message}")
    return np.asarray(np.exp(log_softmax(found.y.T.reshape(len(times), *starts.shape), axis=-1)))


def _check_mixes(game: SymmetricGame, mixes: Floats) -> None:
    """Refuse what are not positive shares of all policies with sum 1."""
    if mixes.shape[-1:] != (len(game.names),) or not (mixes > 0).all() or not np.allclose(mixes.sum(axis=-1), 1):
        raise ConfigurationError(
            f"mixes must be positive shares of the {len(game.names)} policies with sum 1, got shape {mixes.shape}"
        )


def endings(game: SymmetricGame, starts: Floats, dynamics: str = "replicator", *, horizon: float = HORIZON) -> Endings:
    """Return where trajectories lead, and whether they end at fixed points.

    Mean shares over a cycle of replicator dynamics are an equilibrium of a game of two players (Hofbauer and Sigmund 1998,
    theorem 7.6.4). A spiral that changes by less than 1% of its size in a turn counts as a cycle.

    Args:
        game: Game with payoffs in units of their range.
        starts: Initial shares, (..., P), all positive.
        dynamics: One of DYNAMICS.
        horizon: Time, above 0, until which they are followed.

    Raises:
        SpecError: The dynamics are unknown.
        ConfigurationError: The starts are not mixes of all policies, or the horizon is not positive.
    """
    check_number("horizon", horizon, 0, above=True)
    path = trajectory(game, starts, np.linspace(horizon / 2, horizon, SAMPLES), dynamics)
    last = path[-1]
    growth = DYNAMICS[dynamics](game.expected(last), np.log(np.maximum(last, np.finfo(np.float64).tiny)))
    rests = (np.abs(last * growth).max(axis=-1) <= 1e-6) & (growth.max(axis=-1) <= 1e-4)
    shares, kinds = last.copy(), np.where(rests, "fixed", "undecided")
    for place in np.argwhere(~rests):
        way = path[(slice(None), *place)]
        period = _period(way)
        shares[tuple(place)] = way[:period].mean(axis=0)
        kinds[tuple(place)] = "undecided" if period is None else "cycle"
    return Endings(shares, kinds)


def _period(way: Floats) -> int | None:
    """Return after how many samples of a trajectory, (T, P), it is back where it began; None if it does not come back.

    Distances are those of log shares: a spiral towards the boundary comes ever closer to the corners, and never back. The nearest
    point between samples is that of a parabola through three squared distances.
    """
    logs = np.log(np.maximum(way, np.finfo(np.float64).tiny))
    squares = ((logs - logs[0]) ** 2).sum(axis=-1)
    left = int(np.argmax(squares > squares.max() / 4))
    before, here, after = squares[left:-2], squares[left + 1 : -1], squares[left + 2 :]
    curvature = np.maximum(before - 2 * here + after, np.finfo(np.float64).eps * squares.max())
    nearest = here - (after - before) ** 2 / (8 * curvature)
    returns = np.flatnonzero((here <= before) & (here <= after) & (nearest <= RECURRENCE**2 * squares.max()))
    return left + 1 + int(returns[0]) if len(returns) else None


def simplex_samples(policies: int, count: int, seed: int = 0) -> Floats:
    """Return mixes drawn uniformly from the simplex, (count, P)."""
    drawn = np.random.default_rng(seed).standard_exponential((count, policies))
    return np.asarray(drawn / drawn.sum(axis=-1, keepdims=True))
