"""Small games with known payoffs, and payoffs in finite populations by exhaustive counting."""

from __future__ import annotations

from math import comb

import numpy as np

from neuronet.games.metagame.empirical_game import MetaGame
from neuronet.games.metagame.symmetric_game import SymmetricGame, compositions
from neuronet.games.simulation.payoffs import KINDS


def random_game(players, policies, seed=0, lead=()):
    shape = (*lead, policies, comb(players + policies - 2, policies - 1))
    return SymmetricGame(tuple("abcdefghijkl"[:policies]), players, np.random.default_rng(seed).normal(size=shape))


def matrix_game(matrix):
    """Return the game of two players whose row player earns `matrix[row, column]`."""
    matrix = np.array(matrix, dtype=float)
    return SymmetricGame(tuple("abcde"[: len(matrix)]), 2, matrix)


def meta_game_of(matrix, noise=0.0, seeds=8):
    """Return a meta-game of two players with known mean payoffs and normal noise."""
    matrix = np.array(matrix, dtype=float)
    others = compositions(1, len(matrix))
    table = matrix[:, [int(np.flatnonzero(row)[0]) for row in others]]
    paid = table + noise * np.random.default_rng(0).normal(size=(seeds, *table.shape))
    zeros = np.zeros(paid.shape)
    names = tuple("abcde"[: len(matrix)])
    return MetaGame(names, 2, 10, others * 9, dict.fromkeys(KINDS, paid), zeros, zeros, tuple(range(seeds)))


def population_payoffs(game, counts):
    """Return the mean payoff of each policy in a finite population, (P,) to (..., P); nan without members.

    The n - 1 opponents are drawn without replacement from the population without the player.
    """
    groups = float(comb(int(counts.sum()) - 1, game.players - 1))
    payoffs = []
    for policy, members in enumerate(counts.tolist()):
        others = (counts - np.eye(len(counts), dtype=np.int64)[policy]).tolist()
        if members:
            rows = [zip(others, row, strict=True) for row in game.opponents.tolist()]
            ways = np.array([np.prod([float(comb(n, k)) for n, k in row]) for row in rows])
            payoffs.append(game.payoffs[..., policy, :] @ ways / groups)
        else:
            payoffs.append(np.full(game.payoffs.shape[:-2], np.nan))
    return np.stack(payoffs, axis=-1)
