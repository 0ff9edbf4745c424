"""Measure a game until it is decided whether a given mix is an equilibrium, with an error that counts every look at the data.

The number of seeds doubles from look to look. Bounds at look k have the error `alpha / (k (k + 1))`; these sum to at most alpha
over any number of looks, so that a conclusion is wrong with at most that probability, whenever play stops (a union bound).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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
        confidence: Probability that a conclusion other than undecided is right.
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
    check_number("tolerance", tolerance, 0)
    check_number("confidence", confidence, 0, 1, above=True, below=True)
    check_number("first", first, 2, whole=True)
    check_number("most", most, first, whole=True)
    measured = measure(range(seed, seed + first))
    unit = abs(float(_mix_payoff(measured, mix, kind))) or 1.0
    limit = tolerance * unit if relative else tolerance
    looks: list[MixCertificate] = []
    while True:
        error = look_error(len(looks) + 1, confidence)
        looks.append(certify_mix(measured, mix, kind, confidence=1 - error))
        conclusion, count = looks[-1].conclusion(limit), len(measured.seeds)
        if conclusion != UNDECIDED or 2 * count > most:
            return SequentialConclusion(conclusion, tuple(looks), limit, unit, confidence, measured)
        measured = with_more_seeds(measured, measure(range(seed + count, seed + 2 * count)))


def look_error(number: int, confidence: float = CONFIDENCE) -> float:
    """Return the probability of an error that look 1, 2, ... may have: `(1 - confidence) / (number (number + 1))`."""
    return (1 - confidence) / (number * (number + 1))


def _mix_payoff(measured: MetaGame, mix: Floats, kind: str) -> float:
    shares = np.asarray(mix, dtype=np.float64)
    game = measured.game(kind)
    if shares.shape != (len(game.names),):
        raise ConfigurationError(f"mix must be shares of the {len(game.names)} policies with sum 1, got {mix}")
    return float(game.expected(shares) @ shares)
