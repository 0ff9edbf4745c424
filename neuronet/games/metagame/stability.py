"""Evolutionary stability of mixes, with a witness: the mutants that invade, where a mix is not stable.

Maynard Smith and Price 1973; the criterion by the curvature is that of Haigh 1975 and Abakuks 1980; with more than two players it
holds in a neighbourhood.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from neuronet.core import ConfigurationError
from neuronet.games.metagame.symmetric_game import SymmetricGame
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.solutions.normal_form import check_game

TOLERANCE = 1e-9
"""Numbers up to this size count as zero, in units of the range of payoffs."""

STABLE, NEUTRAL, NOT_STABLE, NO_EQUILIBRIUM = (
    "evolutionarily stable",
    "neutrally stable",
    "equilibrium, not stable",
    "no equilibrium",
)
"""Conclusions about a mix: small groups of all mutants lose, none gain but some earn as much, some gain, one gains at once."""

INVASION = 1e-3
"""Share of mutants by which a witness is measured."""

ROUNDING = 1e-12
"""Advantages up to this size count as zero, in units of the range of payoffs."""


@dataclass(frozen=True, eq=False)
class Stability:
    """Whether small groups of mutants can invade a mix.

    Attributes:
        conclusion: STABLE, NEUTRAL, NOT_STABLE or NO_EQUILIBRIUM.
        regret: Gain of the best policy over the mix; 0 in an equilibrium up to rounding.
        mutant: Mix of the mutants that do best in a share of INVASION of the population, (P,).
        advantage: Payoff of these mutants minus that of the mix, in that population; below 0 where all tried are repelled.
    """

    conclusion: str
    regret: float
    mutant: Floats
    advantage: float


def stability(game: SymmetricGame, mix: Floats) -> Stability:
    """Return whether a given mix is an equilibrium and evolutionarily stable, with the best mutants found as a witness.

    Mutants tried are all policies, and mixes along all directions in which the curvature decides.

    Args:
        game: Game, without leading axes.
        mix: Shares of the policies, (P,), with sum 1.

    Raises:
        ConfigurationError: The game is not symmetric, or the mix is not shares of all policies.
    """
    check_game(game, SymmetricGame)
    shares = np.asarray(mix, dtype=np.float64)
    if shares.shape != (len(game.names),) or (shares < 0).any() or abs(shares.sum() - 1) > 1e-9:
        raise ConfigurationError(f"mix must be shares of the {len(game.names)} policies with sum 1, got {mix}")
    units = game.rescaled(game.payoff_range)
    regret = float(units.regret(shares))
    mutant, advantage = _best_mutant(units, shares)
    conclusion = equilibrium_stability(units, shares) if regret <= 1e-7 else NO_EQUILIBRIUM
    return Stability(conclusion, float(game.regret(shares)), mutant, advantage * game.payoff_range)


def _best_mutant(game: SymmetricGame, mix: Floats) -> tuple[Floats, float]:
    count = len(mix)
    jacobian = game.payoff_jacobian(mix)
    form = (jacobian + jacobian.T) / 2
    candidates = [row for row in np.eye(count) if np.abs(row - mix).max() > TOLERANCE]
    best = np.flatnonzero(game.expected(mix) >= game.expected(mix).max() - 1e-7)
    for size in range(2, len(best) + 1):
        for part in combinations(best.tolist(), size):
            centred = np.eye(size) - 1 / size
            _, vectors = np.linalg.eigh(centred @ form[np.ix_(part, part)] @ centred)
            for direction in (*vectors.T, *-vectors.T):
                moved = np.zeros(count)
                moved[list(part)] = direction - direction.mean()
                mutant = _edge(mix, moved)
                if np.abs(mutant - mix).max() > TOLERANCE:
                    candidates.append(mutant)
    advantages = np.array([_advantage(game, mix, mutant) for mutant in candidates])
    advantages[np.abs(advantages) <= ROUNDING] = 0.0
    first = int(np.argmax(advantages))
    return candidates[first], float(advantages[first])


def _edge(mix: Floats, direction: Floats) -> Floats:
    """Return the last mix on the way in a direction."""
    falling = direction < -TOLERANCE
    length = float((mix[falling] / -direction[falling]).min()) if falling.any() else 0.0
    return np.asarray(np.maximum(mix + length * direction, 0) / np.maximum(mix + length * direction, 0).sum())


def _advantage(game: SymmetricGame, mix: Floats, mutant: Floats) -> float:
    """Return the payoff of mutants minus that of the mix, where INVASION of the population are mutants."""
    earned = game.expected((1 - INVASION) * mix + INVASION * mutant)
    return float((mutant - mix) @ earned)


def equilibrium_stability(game: SymmetricGame, mix: Floats) -> str:
    """Return STABLE, NEUTRAL or NOT_STABLE, by the curvature around an equilibrium up to TOLERANCE.

    With more than two players, where the curvature is zero in some direction, the mutants of the witness decide between the last
    two.

    Args:
        game: Game with payoffs in units of their range.
        mix: Equilibrium, (P,).
    """
    if is_stable(game, mix):
        return STABLE
    inner, cross, outer = _curvature(game, mix)
    values, vectors = np.linalg.eigh(inner)
    flat = values <= TOLERANCE
    if (values < -TOLERANCE).any() or (np.abs(vectors[:, flat].T @ cross) > TOLERANCE).any():
        return NOT_STABLE
    bent = vectors[:, ~flat].T @ cross
    if not copositive(outer - bent.T @ (bent / values[~flat, None])):
        return NOT_STABLE
    return NEUTRAL if game.players == 2 or _best_mutant(game, mix)[1] <= 0 else NOT_STABLE


def is_stable(game: SymmetricGame, mix: Floats) -> bool:
    """Return whether an equilibrium is evolutionarily stable, by the curvature around it; False if that is zero.

    Args:
        game: Game with payoffs in units of their range.
        mix: Equilibrium, (P,).
    """
    inner, cross, outer = _curvature(game, mix)
    if len(inner):
        if np.linalg.eigvalsh(inner).min() <= TOLERANCE:
            return False
        outer = outer - cross.T @ np.linalg.solve(inner, cross)
    return strictly_copositive(outer)


def _curvature(game: SymmetricGame, mix: Floats) -> tuple[Floats, Floats, Floats]:
    """Return what mutants lose to second order: the form of moves within the support, of these with others, and of others."""
    earned = game.expected(mix)
    best_responses = np.flatnonzero(earned >= earned.max() - 1e-7)
    played = [policy for policy in best_responses if mix[policy] > TOLERANCE]
    others = [policy for policy in best_responses if mix[policy] <= TOLERANCE]
    curvature = -game.payoff_jacobian(mix)
    curvature = (curvature + curvature.T) / 2
    first, free = played[0], played[1:]
    moved = np.array([np.eye(len(mix))[policy] - np.eye(len(mix))[first] for policy in (*free, *others)]).reshape(-1, len(mix))
    form = moved @ curvature @ moved.T
    count = len(free)
    return form[:count, :count], form[:count, count:], form[count:, count:]


def strictly_copositive(form: Floats) -> bool:
    """Return whether `z @ form @ z > 0` for all z >= 0 except 0, by eigenvectors of all principal submatrices (Kaplan 2000)."""
    return _smallest_on_cone(form) > TOLERANCE


def copositive(form: Floats) -> bool:
    """Return whether `z @ form @ z >= 0` for all z >= 0, up to TOLERANCE, by the same eigenvectors."""
    return _smallest_on_cone(form) >= -TOLERANCE


def _smallest_on_cone(form: Floats) -> float:
    """Return the smallest eigenvalue of a principal submatrix with a positive eigenvector; infinity without any."""
    smallest = np.inf
    for size in range(1, len(form) + 1):
        for part in combinations(range(len(form)), size):
            values, vectors = np.linalg.eigh(form[np.ix_(part, part)])
            signed = vectors * np.sign(vectors.sum(axis=0))
            smallest = min(smallest, float(values[(signed > 0).all(axis=0)].min(initial=np.inf)))
    return smallest
