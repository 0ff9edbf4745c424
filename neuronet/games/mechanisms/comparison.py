"""Compare mechanisms by what a lone deviator gains from a fresh network, by accuracy, and by the neurons' welfare.

All neurons follow one policy, as the mechanism binds it. One neuron deviates: it says more or less than its activity, learns
faster or not at all, or follows another policy, bound likewise. What it gains is measured in units of the mean payoff.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from neuronet.core import ConfigurationError, Policy, check_number
from neuronet.games.equilibrium.deviations import sample_deviators
from neuronet.games.equilibrium.feedback_scaling import ScaledActivity, ScaledFeedback
from neuronet.games.mechanisms.mechanism import Mechanism, parse_mechanism
from neuronet.games.metagame.certificate import MixCertificate, certificate_of
from neuronet.games.simulation.game_setup import GameSetup
from neuronet.games.simulation.network_payoffs import GamePayoff
from neuronet.games.simulation.outcomes import Outcomes
from neuronet.games.simulation.payoffs import Floats
from neuronet.games.simulation.play import play
from neuronet.games.simulation.profiles import cached_short_name, with_deviation
from neuronet.policies import AttentionSeeking
from neuronet.statistics import CONFIDENCE, interval

MECHANISMS = (
    "attention",
    "scaled",
    "share",
    "loss",
    "contribution",
    "credit",
    "priced(0.03)",
    "priced(0.065)",
    "frugal(price=0.003) + priced(0.065)",
    "activity:normalize",
    "activity:normalize + share",
    "budgeted(budget=0.3)",
    "budgeted(budget=0.3) + activity:normalize",
    "budgeted(budget=0.3) + priced(0.03)",
    "budgeted(budget=0.3) + credit",
    "budgeted(budget=0.3) + loss",
)
"""Mechanisms that are compared by default; the first is none."""

TOLERANCE = 0.02
"""Gain in units of the mean payoff up to which a deviation counts as unprofitable."""

ACTIVITY_FACTORS = (0.5, 2.0, 8.0)
"""Factors of the activity that deviators say."""

FEEDBACK_FACTORS = (0.5, 2.0, 8.0)
"""Factors of the feedback of neurons that learn slower or faster."""


@dataclass(frozen=True, eq=False)
class MechanismComparison:
    """What deviations gain under each mechanism, and what the network gains or loses.

    Attributes:
        gains: One row per mechanism and deviation: mechanism, deviation, gain (mean, in units of the mean payoff), lower and
            upper (bounds that hold for all mechanisms and deviations together).
        table: One row per mechanism: mechanism, payoff, deviation (the one with the largest mean gain), gain, lower and upper
            (the largest of each over the deviations), conclusion ("certain" that none gains more than the tolerance, "undecided"
            or "refuted"), shirking (mean gain of a free rider), accuracy, accuracy_low, accuracy_high, change, change_low,
            change_high (of the accuracy against the first mechanism, paired by seed), loss, attention and scaled (totals of the
            hidden neurons).
        tolerance: Gain up to which deviations count as unprofitable.
        seeds: Number of networks.
        rounds: Rounds of a deviation.
        training_rounds: Rounds after which accuracy is measured.
    """

    gains: pd.DataFrame
    table: pd.DataFrame
    tolerance: float
    seeds: int
    rounds: int
    training_rounds: int

    def honest(self) -> list[str]:
        """Return the mechanisms under which with 95% no deviation tried gains more than the tolerance, at no loss of accuracy."""
        kept = (self.table["conclusion"] == "certain") & ~(self.table["change_high"] < 0)
        return [str(name) for name in self.table.loc[kept, "mechanism"]]


def tried_deviations(policies: Sequence[Policy], own: Policy | None = None) -> dict[str, Policy]:
    """Return the deviations by their names: a larger or smaller activity and feedback, and other policies.

    Args:
        policies: Other policies.
        own: Policy of all neurons; None for attention-seeking.
    """
    policy = own or AttentionSeeking()
    found: dict[str, Policy] = {f"activity times {factor:g}": ScaledActivity(policy, factor) for factor in ACTIVITY_FACTORS}
    found |= {f"feedback times {factor:g}": ScaledFeedback(policy, factor) for factor in FEEDBACK_FACTORS}
    return found | {cached_short_name(other): other for other in policies if other != policy}


def compare_mechanisms(
    game_setup: GameSetup,
    mechanisms: Sequence[Mechanism | str],
    policies: Sequence[Policy],
    seeds: Sequence[int],
    *,
    own: Policy | None = None,
    deviators: int = 2,
    training_rounds: int | None = None,
    tolerance: float = TOLERANCE,
    log: Callable[[str], None] | None = None,
) -> MechanismComparison:
    """Play the deviations of each mechanism from fresh networks, and train networks without a deviation.

    Mechanisms that differ in their payoff alone share their games.

    Args:
        game_setup: Settings of the game; its `rounds` is the length of a deviation, its own payoffs are replaced, and a
            mechanism's channels come after its own.
        mechanisms: Mechanisms, or their texts; accuracy is compared with that of the first.
        policies: Policies tried by deviators, besides a larger or smaller activity and feedback.
        seeds: Seeds of the networks and of all other random draws, two or more.
        own: Policy of all neurons; None for attention-seeking.
        deviators: Neurons of a layer that deviate, one at a time, drawn at random (>= 1).
        training_rounds: Rounds after which accuracy is measured; None for those of a deviation.
        tolerance: Gain in units of the mean payoff up to which a deviation counts as unprofitable (>= 0).
        log: Receives a message after each mechanism that is played.

    Raises:
        ConfigurationError: A value is out of range, or there is no mechanism.
        SpecError: A mechanism cannot be parsed.
    """
    parsed = [parse_mechanism(each) if isinstance(each, str) else each for each in mechanisms]
    check_number("seeds", len(seeds), 2, whole=True)
    check_number("tolerance", tolerance, 0)
    if not parsed or len({each.name for each in parsed}) < len(parsed):
        raise ConfigurationError("mechanisms must hold one or several different mechanisms, such as 'attention' and 'credit'")
    tried = tried_deviations(policies, own)
    rows: dict[str, dict[str, Any]] = {}
    certificates: dict[str, MixCertificate] = {}
    accuracies: dict[str, Floats] = {}
    for mechanism, group in _same_games(parsed):
        setup = replace(game_setup, own_payoffs=_own_payoffs(group), channels=(*game_setup.channels, *mechanism.channels))
        relative = _gains(setup, mechanism, group, tried, seeds, own or AttentionSeeking(), deviators)
        trained = play(
            replace(setup, own_payoffs=()).with_rounds(training_rounds or setup.rounds),
            [mechanism.bound(own or AttentionSeeking())],
            seeds,
        )
        for other in group:
            certificates[other.name] = certificate_of(relative[other.kind], CONFIDENCE, len(tried) * len(parsed))
            accuracies[other.name] = trained.accuracy[0]
            rows[other.name] = {"mechanism": other.name, "payoff": other.kind, **_welfare(trained)}
        if log is not None:
            log(f"{' and '.join(each.name for each in group)}: {len(tried)} deviations played")
    order = [each.name for each in parsed]
    table = pd.DataFrame(
        [
            {
                **rows[name],
                **_conclusion(certificates[name], list(tried), tolerance),
                **_change(accuracies[name] - accuracies[order[0]]),
            }
            for name in order
        ]
    )
    gains = pd.concat([_gain_rows(name, certificates[name], list(tried)) for name in order], ignore_index=True)
    return MechanismComparison(gains, table, tolerance, len(seeds), game_setup.rounds, training_rounds or game_setup.rounds)


def _same_games(mechanisms: Sequence[Mechanism]) -> list[tuple[Mechanism, list[Mechanism]]]:
    """Return the mechanisms in groups of equal rules and channels, each with its first."""
    groups: dict[Any, list[Mechanism]] = {}
    for mechanism in mechanisms:
        groups.setdefault((mechanism.rules, mechanism.channels), []).append(mechanism)
    return [(group[0], group) for group in groups.values()]


def _own_payoffs(mechanisms: Sequence[Mechanism]) -> tuple[GamePayoff, ...]:
    return tuple({each.kind: each.payoff for each in mechanisms if not isinstance(each.payoff, str)}.values())


def _gains(
    setup: GameSetup,
    mechanism: Mechanism,
    group: Sequence[Mechanism],
    tried: Mapping[str, Policy],
    seeds: Sequence[int],
    own: Policy,
    deviators: int,
) -> dict[str, Floats]:
    """Return the gain of each deviation on each seed, (D, S), in units of the mean payoff, by the payoff's name."""
    layers = (mechanism.bound(own),) * (len(setup.sizes) - 1)
    chosen = sample_deviators(setup, deviators, int(seeds[0]))
    profiles = [
        with_deviation(layers, setup.sizes, *deviator, mechanism.bound(policy))
        for policy in tried.values()
        for deviator in chosen
    ]
    base, deviating = play(setup, [layers], seeds), play(setup, profiles, seeds)
    found = {}
    for kind in {each.kind for each in group}:
        without = np.stack([base.payoffs[kind][layer - 1][0, :, neuron] for layer, neuron in chosen])
        paid = np.empty((len(tried), *without.shape))
        for index, (layer, neuron) in enumerate(chosen):
            paid[:, index] = deviating.payoffs[kind][layer - 1].reshape(len(tried), len(chosen), len(seeds), -1)[
                :, index, :, neuron
            ]
        unit = abs(float(np.mean([layer.mean() for layer in base.payoffs[kind]]))) or 1.0
        found[kind] = (paid - without).mean(axis=1) / unit
    return found


def _welfare(trained: Outcomes) -> dict[str, float]:
    """Return accuracy, loss and total attention after training, means over the seeds."""
    totals = {
        kind: float(np.sum([layer[0].sum(axis=-1) for layer in trained.payoffs[kind]], axis=0).mean())
        for kind in ("attention", "scaled")
    }
    accuracy, low, high = interval(trained.accuracy[0])
    return {
        "accuracy": accuracy,
        "accuracy_low": low,
        "accuracy_high": high,
        "loss": float(trained.loss[0].mean()),
        **totals,
    }


def _conclusion(certificate: MixCertificate, names: Sequence[str], tolerance: float) -> dict[str, Any]:
    best = int(np.argmax(certificate.gains))
    shirking = [gain for name, gain in zip(names, certificate.gains, strict=True) if name == "free-rider"]
    return {
        "deviation": names[best],
        "gain": float(certificate.gains[best]),
        "lower": float(certificate.lower.max()),
        "upper": float(certificate.upper.max()),
        "conclusion": certificate.conclusion(tolerance),
        "shirking": float(shirking[0]) if shirking else np.nan,
    }


def _change(differences: Floats) -> dict[str, float]:
    mean, low, high = interval(differences)
    return {"change": mean, "change_low": low, "change_high": high}


def _gain_rows(name: str, certificate: MixCertificate, deviations: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "mechanism": name,
            "deviation": list(deviations),
            "gain": certificate.gains,
            "lower": certificate.lower,
            "upper": certificate.upper,
        }
    )
