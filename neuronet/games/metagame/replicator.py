"""Replicator dynamics: in an infinite population, shares with above-average payoffs grow (Taylor and Jonker 1978)."""

from __future__ import annotations

import numpy as np

from neuronet.games.metagame.symmetric_game import SymmetricGame, multinomials
from neuronet.games.simulation.payoffs import Floats


def replicator(game: SymmetricGame, mix: Floats) -> Floats:
    """Return the rate of change of each share, `x_p (f_p - sum_q x_q f_q)`, (..., P) to (..., P); the rates sum to 0."""
    earned = game.expected(mix)
    return np.asarray(mix * (earned - np.sum(mix * earned, axis=-1, keepdims=True)))


def limit_points(game: SymmetricGame, starts: Floats, *, step: float = 0.5, steps: int = 600) -> Floats:
    """Return the shares after a long time by exponential weights, (..., P) to (..., P).

    Args:
        game: Game with payoffs in units of their range.
        starts: Initial shares, all positive.
        step: Length of a time step.
        steps: Number of time steps.
    """
    opponents, ways = game.opponents.T.astype(np.float64), np.log(multinomials(game.opponents))
    payoffs, logs = np.swapaxes(game.payoffs, -1, -2), np.log(starts)
    for _ in range(steps):
        odds = np.exp(logs @ opponents + ways)
        logs = logs + step * (odds[..., None, :] @ payoffs)[..., 0, :]
        most = logs.max(axis=-1, keepdims=True)
        logs -= most + np.log(np.exp(logs - most).sum(axis=-1, keepdims=True))
    return np.exp(logs)


def simplex_samples(policies: int, count: int, seed: int = 0) -> Floats:
    """Return mixes drawn uniformly from the simplex, (count, P)."""
    drawn = np.random.default_rng(seed).standard_exponential((count, policies))
    return np.asarray(drawn / drawn.sum(axis=-1, keepdims=True))
