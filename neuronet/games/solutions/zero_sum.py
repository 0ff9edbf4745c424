"""Zero-sum games of two roles by linear programme (von Neumann 1928; Dantzig 1951)."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from neuronet.core import ConfigurationError
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.normal_form import NormalFormGame


def is_zero_sum(game: NormalFormGame) -> bool:
    """Return whether a game of two roles has payoffs with a constant sum, up to rounding."""
    return len(game.strategies) == 2 and float(np.ptp(game.payoffs.sum(axis=0))) <= 1e-12 * game.unit


def maximin(payoffs: Floats) -> Floats:
    """Return the mix of the rows that earns most against the worst column, (P, Q) to (P,).

    Raises:
        ConfigurationError: The solver fails.
    """
    rows, columns = payoffs.shape
    unit = float(np.ptp(payoffs)) or 1.0
    found = linprog(
        np.append(np.zeros(rows), -1.0),
        A_ub=np.column_stack((-(payoffs.T - payoffs.mean()) / unit, np.ones(columns))),
        b_ub=np.zeros(columns),
        A_eq=np.append(np.ones(rows), 0.0)[None],
        b_eq=[1.0],
        bounds=[*[(0, None)] * rows, (None, None)],
        method="highs",
    )
    if found.x is None:
        raise ConfigurationError(f"the linear programme of the zero-sum game has no solution: {found.message}")
    mix = np.maximum(found.x[:-1], 0)
    return np.asarray(mix / mix.sum())
