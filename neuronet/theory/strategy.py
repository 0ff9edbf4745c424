"""Equation (1), the strategy: feedback equals the slope of the utility after the listeners' response, by finite differences."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neuronet.core import Policy, Power
from neuronet.policies import AttentionSeeking
from neuronet.theory.check import Below, Check
from neuronet.theory.comparison import Floats
from neuronet.theory.test_case import ENGINES, RoundRecord, make_case

EXPONENTS = (1.5, 2.0, 3.0, 4.0)
STEP = 1e-4
"""Step of the central differences; their error has the order of its square plus rounding divided by it."""


def utility_after(record: RoundRecord, activity: Floats, learning_rate: float, p: float) -> Floats:
    """Return each neuron's utility after the listeners' response, `sum_k phi(w_kj + eta c_kj)`, (J,).

    Args:
        record: Observation of the neurons.
        activity: (B, J), activity of the neurons.
        learning_rate: Learning rate eta of the listeners.
        p: Exponent of the measure.
    """
    response = record.demand.T @ activity / len(activity)
    utility: Floats = Power(p).utility(np, record.attention + learning_rate * response)
    return utility


def utility_slope(record: RoundRecord, learning_rate: float, p: float) -> Floats:
    """Return the central difference of each neuron's utility in its activity on each sample, (B, J)."""
    slopes = np.empty_like(record.activity)
    for sample in range(len(slopes)):
        step = np.zeros_like(slopes)
        step[sample] = STEP
        up, down = (utility_after(record, record.activity + s * step, learning_rate, p) for s in (1, -1))
        slopes[sample] = (up - down) / (2 * STEP)
    return slopes


def gap_to_utility(policy: Policy, engine: str, p: float) -> float:
    """Return the relative gap between feedback times eta / B and the slope of the utility, of the worst neuron."""
    case = make_case([12, 16, 14, 10], "tanh", batch=8).with_policy(policy)
    rate = case.setup.learning_rate
    gaps = []
    for record in case.records(engine):
        slope = utility_slope(record, rate, p)
        difference = np.abs(rate / len(slope) * record.feedback - slope)
        gaps.append(np.max(difference.max(axis=0) / np.abs(slope).max(axis=0)))
    return float(np.max(gaps))


def checks(policies: tuple[Policy, ...] | None = None) -> Iterator[Check]:
    """Yield a check for each exponent: the worst of both engines."""
    chosen = policies or tuple(AttentionSeeking(p=p, foresight=1.0) for p in EXPONENTS)
    for p, policy in zip(EXPONENTS, chosen, strict=True):
        claim = f"p = {p:g}: gap of feedback to finite differences of the utility, both engines"
        yield Check("(1) strategy", claim, float(np.max([gap_to_utility(policy, engine, p) for engine in ENGINES])), Below(1e-6))
