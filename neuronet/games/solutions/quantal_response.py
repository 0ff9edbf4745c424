"""Logit quantal response: players choose better strategies more often, by the odds `exp(rationality * payoff)`.

Payoffs are in units of their range.

McKelvey and Palfrey 1995. The branch that begins with uniform mixes at rationality 0 is followed by a predictor and a
corrector in logarithms of shares (Turocy 2005); it ends in a Nash equilibrium, which is thereby selected.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from neuronet.core import ConfigurationError
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.normal_form import NormalFormGame, check_game

FIRST_STEP, SMALLEST_STEP = 0.03, 1e-9
"""Lengths of steps along the branch, in units of log shares and of rationality per range of payoffs."""

LARGEST_CORRECTION = 0.2
"""Largest distance of a step's end from the tangent, in units of the step."""

LARGEST_STEP = 0.25
"""Longest step above 1, relative to the rationality reached."""

MAX_STEPS = 20_000
NEWTON_STEPS, NEWTON_TOLERANCE = 12, 1e-11


def quantal_responses(game: NormalFormGame, rationality: Sequence[float]) -> list[list[Floats]]:
    """Return the quantal response equilibria of the principal branch.

    Args:
        game: Game.
        rationality: Ascending numbers from 0 on, per range of the payoffs: at 1 the best and the worst have odds of e to 1.

    Returns:
        Mixes of all players for each number: where the branch first reaches it.

    Raises:
        ConfigurationError: The numbers do not ascend from 0 on, or the branch cannot be followed.
    """
    check_game(game, NormalFormGame)
    wanted = [float(number) for number in rationality]
    if not wanted or wanted[0] < 0 or not np.isfinite(wanted).all() or any(b < a for a, b in pairwise(wanted)):
        raise ConfigurationError(f"rationality must be ascending numbers from 0 on, got {list(rationality)}")
    branch = _Branch(NormalFormGame(game.strategies, game.payoffs / game.unit))
    found: list[list[Floats]] = []
    point, tangent, step = branch.start(), branch.tangent(branch.start()), FIRST_STEP
    for _ in range(MAX_STEPS):
        guess = point + step * tangent
        ahead = branch.corrected(guess, tangent)
        # another branch is far away, and at a rationality of 0 there is one equilibrium alone, which is behind
        if ahead is None or np.linalg.norm(ahead - guess) > LARGEST_CORRECTION * step or ahead[-1] < 0:
            step /= 2
            if step < SMALLEST_STEP:
                break
            continue
        while len(found) < len(wanted) and ahead[-1] >= wanted[len(found)]:
            found.append(branch.mixes(branch.at(point, ahead, wanted[len(found)])))
        if len(found) == len(wanted):
            return found
        point, tangent, step = ahead, branch.tangent(ahead, tangent), min(1.5 * step, max(1.0, LARGEST_STEP * ahead[-1]))
    raise ConfigurationError(f"quantal responses cannot be followed beyond a rationality of {point[-1]:.3g}")


class _Branch:
    """Equations of the branch in the point (log shares of all players, rationality)."""

    def __init__(self, game: NormalFormGame) -> None:
        self.game = game
        ends = np.cumsum([0, *(len(names) for names in game.strategies)])
        self.parts = [slice(int(first), int(last)) for first, last in pairwise(ends)]
        self.size = int(ends[-1])

    def start(self) -> Floats:
        logs = [np.full(len(names), -np.log(len(names))) for names in self.game.strategies]
        return np.concatenate([*logs, np.zeros(1)])

    def mixes(self, point: Floats) -> list[Floats]:
        """Return the shares, with sum 1 exactly."""
        shares = [np.exp(point[part]) for part in self.parts]
        return [share / share.sum() for share in shares]

    def equations(self, point: Floats) -> tuple[Floats, Floats]:
        """Return the residuals, (N,), and their derivatives, (N, N + 1)."""
        shares, rationality = [np.exp(point[part]) for part in self.parts], point[-1]
        earned = self.game.deviation_payoffs(shares)
        residuals, slopes = np.zeros(self.size), np.zeros((self.size, self.size + 1))
        for player, part in enumerate(self.parts):
            first, rest = part.start, slice(part.start + 1, part.stop)
            residuals[first] = shares[player].sum() - 1
            slopes[first, part] = shares[player]
            lead = earned[player][1:] - earned[player][0]
            residuals[rest] = point[rest] - point[first] - rationality * lead
            slopes[rest, rest] = np.eye(len(lead))
            slopes[rest, first] = -1
            slopes[rest, -1] = -lead
            for other, heard in enumerate(self.parts):
                if other != player:
                    by_other = self._payoffs_by_pair(player, other, shares) * shares[other]
                    slopes[rest, heard] = -rationality * (by_other[1:] - by_other[0])
        return residuals, slopes

    def _payoffs_by_pair(self, player: int, other: int, shares: Sequence[Floats]) -> Floats:
        """Return the payoff of a player by its own and another player's strategy, given all others' shares."""
        letters = string.ascii_letters[: len(shares)]
        rest = [
            (letter, share)
            for index, (letter, share) in enumerate(zip(letters, shares, strict=True))
            if index not in (player, other)
        ]
        terms = ",".join([letters, *(letter for letter, _ in rest)])
        kept = letters[player] + letters[other]
        return np.asarray(np.einsum(f"{terms}->{kept}", self.game.payoffs[player], *(share for _, share in rest)))

    def tangent(self, point: Floats, before: Floats | None = None) -> Floats:
        """Return the direction of the branch, of length 1: onwards, or towards more rationality at its beginning."""
        direction = np.linalg.svd(self.equations(point)[1])[2][-1]
        ahead = direction[-1] if before is None else direction @ before
        return np.asarray(direction if ahead >= 0 else -direction)

    def corrected(self, guess: Floats, normal: Floats) -> Floats | None:
        """Return the point of the branch in the plane through a guess; None where Newton's method does not converge."""
        point, fixed = guess.copy(), guess @ normal
        for _ in range(NEWTON_STEPS):
            if point[:-1].max() > 1:  # far from a share
                return None
            residuals, slopes = self.equations(point)
            whole = np.append(residuals, point @ normal - fixed)
            if not np.isfinite(whole).all():
                return None
            if np.abs(whole).max() <= NEWTON_TOLERANCE * max(1.0, abs(point[-1])):
                return point
            try:
                point = point - np.linalg.solve(np.vstack((slopes, normal)), whole)
            except np.linalg.LinAlgError:
                return None
        return None

    def at(self, before: Floats, after: Floats, rationality: float) -> Floats:
        """Return the point with this rationality between two points of the branch."""
        share = (rationality - before[-1]) / (after[-1] - before[-1])
        guess = before + share * (after - before)
        guess[-1] = rationality
        found = self.corrected(guess, np.append(np.zeros(self.size), 1.0))
        if found is None:
            raise ConfigurationError(f"quantal responses cannot be found at a rationality of {rationality:.3g}")
        return found
