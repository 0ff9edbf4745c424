"""Replicator dynamics: in a population without end, what earns more than the average grows (Taylor and Jonker 1978)."""

from __future__ import annotations

import numpy as np

from neuronet.games.metagame.symmetric_game import SymmetricGame, multinomials
from neuronet.games.simulation.payoffs import Floats


def replicator(game: SymmetricGame, mix: Floats) -> Floats:
    """How fast each share grows, (..., P) to (..., P): `x_p (f_p - sum_q x_q f_q)`; sums to 0."""
    earned = game.expected(mix)
    found: Floats = mix * (earned - np.sum(mix * earned, axis=-1, keepdims=True))
    return found


def trajectory(game: SymmetricGame, start: Floats, step: float, steps: int) -> Floats:
    """Where the shares go, (..., P) to (steps + 1, ..., P), by the classical method of Runge and Kutta.

    Args:
        game: Payoffs.
        start: Shares that sum to 1.
        step: Time between two points; payoffs times step should be well below 1.
        steps: How many.
    """
    path = [start]
    for _ in range(steps):
        now = path[-1]
        one = replicator(game, now)
        two = replicator(game, now + step / 2 * one)
        three = replicator(game, now + step / 2 * two)
        four = replicator(game, now + step * three)
        moved = np.clip(now + step / 6 * (one + 2 * two + 2 * three + four), 0.0, None)
        path.append(moved / moved.sum(axis=-1, keepdims=True))
    return np.stack(path)


def limit_points(game: SymmetricGame, starts: Floats, *, step: float = 0.5, steps: int = 600) -> Floats:
    """Where the shares have got to after a long time, (..., P) to (..., P), by exponential weights.

    Args:
        game: Payoffs in units of their spread.
        starts: Shares above 0.
        step: Time between two points.
        steps: How many.
    """
    opponents, ways = game.opponents.T.astype(np.float64), np.log(multinomials(game.opponents))
    payoffs, logs = np.swapaxes(game.payoffs, -1, -2), np.log(starts)
    for _ in range(steps):
        odds = np.exp(logs @ opponents + ways)
        logs = logs + step * (odds[..., None, :] @ payoffs)[..., 0, :]
        logs -= logsumexp(logs)
    found: Floats = np.exp(logs)
    return found


def logsumexp(logs: Floats) -> Floats:
    """The logarithm of the sum over the last axis, which stays."""
    most = logs.max(axis=-1, keepdims=True)
    found: Floats = most + np.log(np.exp(logs - most).sum(axis=-1, keepdims=True))
    return found


def simplex_samples(policies: int, count: int, seed: int = 0) -> Floats:
    """So many mixes, spread by chance over all there are, (count, P)."""
    drawn = np.random.default_rng(seed).standard_exponential((count, policies))
    found: Floats = drawn / drawn.sum(axis=-1, keepdims=True)
    return found
