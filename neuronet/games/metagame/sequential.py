"""Measure a game until it is decided whether given mixes are equilibria, with an error that counts every look at the data.

The number of seeds doubles from look to look. Bounds at look k have the error `alpha / (k (k + 1))`; these sum to at most alpha
over any number of looks, so that a conclusion is wrong with at most that probability, whenever play stops (a union bound).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from neuronet.core import ConfigurationError, check_number
from neuronet.games.metagame.certificate import MixCertificate, certify_mix
from neuronet.games.metagame.empirical_game import MetaGame
from neuronet.games.simulation.payoffs import Floats
from neuronet.statistics import CONFIDENCE

UNDECIDED = "undecided"


@dataclass(frozen=True, eq=False)
class SequentialConclusion:
    """Conclusion about a mix, and the looks that led to it.

    Attributes:
        conclusion: "certain", "refuted" or "undecided", as `MixCertificate.conclusion` says.
        looks: Certificate of each look; the last is the one that decides, if any does.
        tolerance: Gain up to which the mix counts as an equilibrium, in units of the payoff.
        unit: Absolute mean payoff of the mix at the first look.
        confidence: Probability that a conclusion other than undecided is right; for several policies, that all are.
        measured: The game with all seeds.
    """

    conclusion: str
    looks: tuple[MixCertificate, ...]
    tolerance: float
    unit: float
    confidence: float
    measured: MetaGame


def with_more_seeds(first: MetaGame, more: MetaGame) -> MetaGame:
    """Return a measured game with the seeds of both.

    Raises:
        ConfigurationError: They have other policies, players or payoffs, or share a seed.
    """
    same = (first.names, first.players, first.neurons) == (more.names, more.players, more.neurons)
    if not same or set(first.payoffs_by_seed) != set(more.payoffs_by_seed) or set(first.seeds) & set(more.seeds):
        raise ConfigurationError("games can be joined only with equal policies, players and payoffs, and different seeds")
    return replace(
        first,
        payoffs_by_seed={
            kind: np.concatenate((paid, more.payoffs_by_seed[kind])) for kind, paid in first.payoffs_by_seed.items()
        },
        loss=np.concatenate((first.loss, more.loss)),
        accuracy=np.concatenate((first.accuracy, more.accuracy)),
        seeds=(*first.seeds, *more.seeds),
    )


def certify_until(
    measure: Callable[[Sequence[int]], MetaGame],
    mix: Floats,
    kind: str = "attention",
    *,
    tolerance: float = 0.05,
    relative: bool = True,
    confidence: float = CONFIDENCE,
    first: int = 8,
    most: int = 256,
    seed: int = 0,
) -> SequentialConclusion:
    """Measure a game with more and more seeds, until it is decided whether a mix is an equilibrium up to a tolerance.

    Args:
        measure: Measures the game on given seeds, such as `lambda seeds: meta_game(game_setup, policies, seeds)`.
        mix: Shares of the policies that all players use, (P,), chosen without looking at these seeds.
        kind: Payoff by name.
        tolerance: Gain that does not count (>= 0).
        relative: Whether the tolerance is in units of the absolute mean payoff of the mix at the first look.
        confidence: Probability that the conclusion is right, if there is one; above 0 and below 1.
        first: Number of seeds of the first look (>= 2).
        most: Largest number of seeds: play stops where another look would need more (>= first).
        seed: First seed.

    Raises:
        ConfigurationError: A value is out of range, or the mix is not shares of all policies.
        SpecError: The payoff is unknown.
    """
    _check(tolerance, confidence, first, most)
    measured = measure(range(seed, seed + first))
    bounds = len(measured.names)
    return _decide(measure, measured, [mix], kind, tolerance, relative, confidence, most, bounds=bounds)[0]


def pure_equilibria_until(
    measure: Callable[[Sequence[int]], MetaGame],
    kind: str = "attention",
    *,
    tolerance: float = 0.05,
    relative: bool = True,
    confidence: float = CONFIDENCE,
    first: int = 8,
    most: int = 256,
    seed: int = 0,
) -> tuple[SequentialConclusion, ...]:
    """Measure a game until it is decided of each policy whether all players following it is an equilibrium up to a tolerance.

    All conclusions are right together with the given confidence: the bounds count all P (P - 1) gains and all looks. A policy
    keeps the conclusion of the look that decides it; all have the seeds of the last look in `measured`.

    Args:
        measure: Measures the game on given seeds, such as `lambda seeds: meta_game(game_setup, policies, seeds)`.
        kind: Payoff by name.
        tolerance: Gain that does not count (>= 0).
        relative: Whether the tolerance is in units of the absolute mean payoff of the policy among its own at the first look.
        confidence: Probability that all conclusions are right; above 0 and below 1.
        first: Number of seeds of the first look (>= 2).
        most: Largest number of seeds: play stops where another look would need more (>= first).
        seed: First seed.

    Returns:
        A conclusion for each policy, with its looks until it was decided.

    Raises:
        ConfigurationError: A value is out of range.
        SpecError: The payoff is unknown.
    """
    _check(tolerance, confidence, first, most)
    measured = measure(range(seed, seed + first))
    policies = len(measured.names)
    mixes, bounds = list(np.eye(policies)), policies * (policies - 1)
    return _decide(measure, measured, mixes, kind, tolerance, relative, confidence, most, bounds=bounds)


def _check(tolerance: float, confidence: float, first: int, most: int) -> None:
    check_number("tolerance", tolerance, 0)
    check_number("confidence", confidence, 0, 1, above=True, below=True)
    check_number("first", first, 2, whole=True)
    check_number("most", most, first, whole=True)


def _decide(
    measure: Callable[[Sequence[int]], MetaGame],
    measured: MetaGame,
    mixes: Sequence[Floats],
    kind: str,
    tolerance: float,
    relative: bool,
    confidence: float,
    most: int,
    *,
    bounds: int,
) -> tuple[SequentialConclusion, ...]:
    """Return a conclusion for each mix, with twice the seeds at each look until all are decided; bounds hold together."""
    units = [abs(_mix_payoff(measured, mix, kind)) or 1.0 for mix in mixes]
    limits = [tolerance * unit if relative else tolerance for unit in units]
    looks: list[list[MixCertificate]] = [[] for _ in mixes]
    conclusions, seed = [UNDECIDED] * len(mixes), measured.seeds[0]
    for number in count(1):
        certainty = 1 - look_error(number, confidence)
        for row, mix in enumerate(mixes):
            if conclusions[row] == UNDECIDED:
                looks[row].append(certify_mix(measured, mix, kind, confidence=certainty, num_tested=bounds))
                conclusions[row] = looks[row][-1].conclusion(limits[row])
        played = len(measured.seeds)
        if UNDECIDED not in conclusions or 2 * played > most:
            break
        measured = with_more_seeds(measured, measure(range(seed + played, seed + 2 * played)))
    return tuple(
        SequentialConclusion(conclusion, tuple(seen), limit, unit, confidence, measured)
        for conclusion, seen, limit, unit in zip(conclusions, looks, limits, units, strict=True)
    )


def look_error(number: int, confidence: float = CONFIDENCE) -> float:
    """Return the probability of an error that look 1, 2, ... may have: `(1 - confidence) / (number (number + 1))`."""
    return (1 - confidence) / (number * (number + 1))


def _mix_payoff(measured: MetaGame, mix: Floats, kind: str) -> float:
    shares = np.asarray(mix, dtype=np.float64)
    game = measured.game(kind)
    if shares.shape != (len(game.names),):
        raise ConfigurationError(f"mix must be shares of the {len(game.names)} policies with sum 1, got {mix}")
    return float(game.expected(shares) @ shares)
