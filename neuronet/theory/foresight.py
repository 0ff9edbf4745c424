"""Proposition 2: foresight equals error backpropagation through the weights after the listeners' response."""

from __future__ import annotations

from collections.abc import Iterator

from neuronet.core import Policy
from neuronet.policies import AttentionSeeking
from neuronet.theory.check import Below, Check, Near
from neuronet.theory.comparison import largest_gap, log_log_slope, overall_gap
from neuronet.theory.reference import descent, sweep
from neuronet.theory.test_case import ENGINES, GameCase, make_case

FORESIGHTED = AttentionSeeking(p=2.0, foresight=1.0)
LEARNING_RATES = (0.1, 0.01, 0.001)


def four_layer_case() -> GameCase:
    """Return a 20-30-25-10 network of tanh neurons."""
    return make_case([20, 30, 25, 10], "tanh", batch=32)


def gap_to_descent(policy: Policy, learning_rate: float) -> float:
    """Return the relative gap between the changes of a round and error backpropagation."""
    case = four_layer_case().with_policy(policy, learning_rate)
    return overall_gap(case.intents("tensors"), descent(case))


def gap_to_anticipated_weights(policy: Policy, engine: str, learning_rate: float = 1.0) -> float:
    """Return the relative gap between the changes of a round and backpropagation through the post-response weights."""
    case = four_layer_case().with_policy(policy, learning_rate)
    return largest_gap(case.intents(engine), sweep(case, lambda weights, response: weights + learning_rate * response))


def checks(policy: Policy = FORESIGHTED) -> Iterator[Check]:
    """Yield checks of the sweep through post-response weights, and of the order of the gap in the learning rate."""
    for engine in ENGINES:
        claim = f"foresight 1: largest gap to BP through post-response weights, {engine}"
        yield Check("2 foresight", claim, gap_to_anticipated_weights(policy, engine), Below(1e-12))
    gaps = [gap_to_descent(policy, rate) for rate in (1.0, *LEARNING_RATES)]
    listed = ", ".join(f"{gap:.2g}" for gap in gaps)
    claim = f"gap to BP is O(eta): log-log slope; at eta 1, 0.1, 0.01, 0.001 it is {listed}"
    yield Check("2 foresight", claim, log_log_slope(LEARNING_RATES, gaps[1:]), Near(1.0, 0.05))
