"""Certificates of a mix in a measured game: what each policy gains over it, with confidence, and how many seeds decide.

The gain of a policy over a mix is linear in the payoffs, so that each seed gives one value. Student's t bounds with Bonferroni's
correction for the number of policies hold for gains that are about normal over the seeds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neuronet.core import ConfigurationError, check_number
from neuronet.games.equilibrium.exploitability import upper_bounds
from neuronet.games.metagame.empirical_game import MetaGame
from neuronet.games.metagame.symmetric_game import SymmetricGame
from neuronet.games.simulation.payoffs import Floats, check_kind
from neuronet.statistics import CONFIDENCE, t_quantile

MAX_SEEDS = 100_000
"""Largest number of seeds that is named."""


@dataclass(frozen=True, eq=False)
class MixCertificate:
    """What policies gain over a mix that all others play.

    Attributes:
        gains: Mean gain of each policy, (P,).
        lower: Simultaneous lower confidence bounds, (P,).
        upper: Simultaneous upper confidence bounds, (P,).
        deviations: Standard deviation of each gain over the seeds, (P,).
        seeds: Number of seeds.
        confidence: Confidence of all bounds of one side together.
    """

    gains: Floats
    lower: Floats
    upper: Floats
    deviations: Floats
    seeds: int
    confidence: float

    def conclusion(self, tolerance: float = 0.0) -> str:
        """Return whether the mix is an equilibrium up to a gain: "certain", "refuted", or "undecided".

        Args:
            tolerance: Gain that does not count (>= 0).
        """
        check_number("tolerance", tolerance, 0)
        if float(self.upper.max()) <= tolerance:
            return "certain"
        return "refuted" if float(self.lower.max()) > tolerance else "undecided"

    def seeds_needed(self, tolerance: float = 0.0) -> int | None:
        """Return how many seeds decide in half of the cases, if gains and spread are as measured; None above MAX_SEEDS.

        Args:
            tolerance: Gain that does not count (>= 0).
        """
        check_number("tolerance", tolerance, 0)
        tail = (1 - self.confidence) / len(self.gains)
        margins = self.gains - tolerance
        refuting = [_seeds(margin, spread, tail) for margin, spread in zip(margins, self.deviations, strict=True) if margin > 0]
        confirming = [_seeds(-margin, spread, tail) for margin, spread in zip(margins, self.deviations, strict=True)]
        needed = min(refuting) if refuting else max(confirming)
        return None if needed > MAX_SEEDS else int(needed)


def _seeds(margin: float, spread: float, tail: float) -> float:
    """Return the smallest number of seeds whose t bound is within a margin."""
    if spread == 0:
        return 2.0
    if margin <= 0:
        return math.inf
    count = max(2.0, math.ceil((spread / margin) ** 2))
    while count <= MAX_SEEDS and t_quantile(tail, int(count) - 1) * spread / math.sqrt(count) > margin:
        count = math.ceil(1.02 * count + 1)
    return count


def certify_mix(
    meta: MetaGame, mix: Floats, kind: str = "attention", *, confidence: float = CONFIDENCE, num_tested: int | None = None
) -> MixCertificate:
    """Return what each policy gains over a mix of a measured game, with simultaneous confidence bounds.

    Args:
        meta: Measured meta-game.
        mix: Shares of the policies that all players use, (P,), chosen without looking at these seeds.
        kind: Payoff by name.
        confidence: Confidence of all bounds of one side together, above 0 and below 1.
        num_tested: Number of bounds of one side that hold together, with those of other mixes; None for P.

    Raises:
        ConfigurationError: The mix is not shares of all policies, or a value is out of range.
        SpecError: The payoff is unknown.
    """
    check_number("confidence", confidence, 0, 1, above=True, below=True)
    shares = np.asarray(mix, dtype=np.float64)
    if shares.shape != (len(meta.names),) or (shares < 0).any() or abs(shares.sum() - 1) > 1e-9:
        raise ConfigurationError(f"mix must be shares of the {len(meta.names)} policies with sum 1, got {mix}")
    paid = meta.payoffs_by_seed[check_kind(kind, tuple(meta.payoffs_by_seed))]
    earned = SymmetricGame(meta.names, meta.players, paid).expected(np.broadcast_to(shares, (len(paid), len(shares))))
    return certificate_of((earned - (earned @ shares)[:, None]).T, confidence, num_tested)


def certificate_of(gains: Floats, confidence: float = CONFIDENCE, num_tested: int | None = None) -> MixCertificate:
    """Return the certificate of gains that are measured on S seeds, (P, S).

    Args:
        gains: Gain of each policy on each seed.
        confidence: Confidence of all bounds of one side together, above 0 and below 1.
        num_tested: Number of bounds of one side that hold together; None for P.
    """
    count = len(gains) if num_tested is None else num_tested
    upper, lower = (sign * upper_bounds(sign * gains, count, confidence) for sign in (1, -1))
    return MixCertificate(gains.mean(axis=1), lower, upper, gains.std(axis=1, ddof=1), gains.shape[1], confidence)
