"""Policy-space response oracles: a game that grows by best responses until no response gains against its equilibrium.

Lanctot et al. 2017; with exact best responses and equilibria of a game of two roles it is the double oracle of McMahan, Gordon
and Blum (2003). A best response is sought among all strategies, such as parametrised policies, and only the payoffs of
strategies in the restricted game, or proposed for it, are measured.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
import pandas as pd

from neuronet.core import ConfigurationError, check_number
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.normal_form import NormalFormGame
from neuronet.games.solutions.quantal_response import quantal_responses
from neuronet.games.solutions.zero_sum import is_zero_sum, maximin

Strategy = TypeVar("Strategy", bound=Hashable)

Payoffs = Callable[[Sequence[Strategy], Sequence[Strategy]], Floats]
"""From strategies of the row role (P) and of the column role (Q) to the payoffs of both, (2, P, Q)."""

Oracle = Callable[[int, Sequence[Strategy], Floats], Sequence[Strategy]]
"""From a role, and the strategies and shares of the other role, to strategies that may be best responses, one or more."""

Solver = Callable[[NormalFormGame], tuple[Floats, Floats]]
"""From a restricted game to the mixes of its two roles."""


@dataclass
class GrowingGame(Generic[Strategy]):
    """Restricted game with what has been measured of it.

    Attributes:
        payoffs: Measures payoffs.
        strategies: Strategies of both roles so far.
    """

    payoffs: Payoffs[Strategy]
    strategies: tuple[list[Strategy], list[Strategy]]
    _known: dict[tuple[Strategy, Strategy], Floats] = field(default_factory=dict)

    def matrix(self, rows: Sequence[Strategy], columns: Sequence[Strategy]) -> Floats:
        """Return the payoffs of both roles, (2, P, Q); each pair is measured once.

        Raises:
            ConfigurationError: What is measured are not payoffs of both roles.
        """
        missing = [row for row in dict.fromkeys(rows) if any((row, column) not in self._known for column in columns)]
        wanted = [column for column in dict.fromkeys(columns) if any((row, column) not in self._known for row in missing)]
        if missing:
            measured = np.asarray(self.payoffs(missing, wanted), dtype=np.float64)
            shape = (2, len(missing), len(wanted))
            if measured.shape != shape or not np.isfinite(measured).all():
                raise ConfigurationError(f"payoffs must return finite numbers of shape {shape}, got shape {measured.shape}")
            for i, row in enumerate(missing):
                for j, column in enumerate(wanted):
                    self._known.setdefault((row, column), measured[:, i, j])
        return np.stack([[self._known[row, column] for column in columns] for row in rows]).transpose(2, 0, 1)

    @property
    def measured(self) -> int:
        """Return the number of pairs of strategies that were measured."""
        return len(self._known)


@dataclass(frozen=True, eq=False)
class ResponseGame(Generic[Strategy]):
    """Game that has grown by best responses.

    Attributes:
        strategies: Strategies of both roles.
        game: Restricted game.
        mixes: Equilibrium of the restricted game, one array per role.
        exploitability: Sum over both roles of the gain by the best responses found, against the mixes.
        history: One row per step: step, rows, columns (number of strategies), exploitability, measured (pairs so far).
        converged: Whether no response found gains more than the tolerance.
    """

    strategies: tuple[tuple[Strategy, ...], tuple[Strategy, ...]]
    game: NormalFormGame
    mixes: tuple[Floats, Floats]
    exploitability: float
    history: pd.DataFrame
    converged: bool


def response_oracles(
    payoffs: Payoffs[Strategy],
    starts: tuple[Sequence[Strategy], Sequence[Strategy]],
    oracle: Oracle[Strategy],
    *,
    solver: Solver | None = None,
    tolerance: float = 1e-6,
    steps: int = 100,
    symmetric: bool = False,
) -> ResponseGame[Strategy]:
    """Let a restricted game grow by best responses until none gains more than a tolerance.

    Args:
        payoffs: Measures the payoffs of both roles.
        starts: First strategies of each role, one or more.
        oracle: Proposes best responses to a mix of the other role; the best of them by `payoffs` joins.
        solver: Equilibrium of the restricted game; None for `best_equilibrium`.
        tolerance: Gain, summed over both roles, up to which a response does not count (>= 0).
        steps: Largest number of steps (>= 1).
        symmetric: Whether both roles are the same: a response of one joins both.

    Raises:
        ConfigurationError: A value is out of range, or a role has no first strategy.
    """
    check_number("tolerance", tolerance, 0)
    check_number("steps", steps, 1, whole=True)
    if not all(len(start) for start in starts):
        raise ConfigurationError("starts must have a strategy of each role")
    growing = GrowingGame(payoffs, (list(dict.fromkeys(starts[0])), list(dict.fromkeys(starts[1]))))
    rows = []
    for step in range(steps):
        game, mixes = _solve(growing, solver or best_equilibrium)
        gains, responses = zip(*(_best_response(growing, oracle, mixes, role) for role in (0, 1)), strict=True)
        exploitability = float(sum(gains))
        sizes = [len(part) for part in growing.strategies]
        rows.append((step, *sizes, exploitability, growing.measured))
        new = [(role, response) for role, response in enumerate(responses) if gains[role] > 0 and exploitability > tolerance]
        joined = [(other, response) for role, response in new for other in ((0, 1) if symmetric else (role,))]
        fresh = [(role, response) for role, response in joined if response not in growing.strategies[role]]
        if not fresh or step == steps - 1:
            break
        for role, response in fresh:
            if response not in growing.strategies[role]:
                growing.strategies[role].append(response)
    history = pd.DataFrame(rows, columns=["step", "rows", "columns", "exploitability", "measured"])
    strategies = (tuple(growing.strategies[0]), tuple(growing.strategies[1]))
    return ResponseGame(strategies, game, mixes, exploitability, history, exploitability <= tolerance)


def _solve(growing: GrowingGame[Strategy], solver: Solver) -> tuple[NormalFormGame, tuple[Floats, Floats]]:
    names = tuple(tuple(str(strategy) for strategy in part) for part in growing.strategies)
    game = NormalFormGame(names, growing.matrix(*growing.strategies))
    mixes = solver(game)
    game.check_mixes(mixes)
    return game, mixes


def _best_response(
    growing: GrowingGame[Strategy], oracle: Oracle[Strategy], mixes: tuple[Floats, Floats], role: int
) -> tuple[float, Strategy]:
    """Return the gain of the best response that the oracle proposes, and the response; the gain is 0 where none gains."""
    others = growing.strategies[1 - role]
    played = [(strategy, float(share)) for strategy, share in zip(others, mixes[1 - role], strict=True) if share > 1e-12]
    against, shares = [strategy for strategy, _ in played], np.array([share for _, share in played])
    own = growing.strategies[role]
    proposed = list(dict.fromkeys([*own, *oracle(role, against, shares)]))
    table = growing.matrix(proposed, against)[0] if role == 0 else growing.matrix(against, proposed)[1].T
    earned = table @ shares
    now = float(mixes[role] @ earned[: len(own)])
    best = int(np.argmax(earned))
    return max(float(earned[best]) - now, 0.0), proposed[best]


def best_equilibrium(game: NormalFormGame) -> tuple[Floats, Floats]:
    """Return an equilibrium of a game of two roles: of zero-sum games by linear programme, of others where quantal response ends.

    Raises:
        ConfigurationError: No equilibrium is found.
    """
    if is_zero_sum(game):
        return maximin(game.payoffs[0]), maximin(-game.payoffs[0].T)
    (mixes,) = quantal_responses(game, [1e7])
    return mixes[0], mixes[1]
