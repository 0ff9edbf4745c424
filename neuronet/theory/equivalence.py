"""Proposition 1: myopic neurons that seek squared attention perform error backpropagation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neuronet.core import ACTIVATIONS, PAYOFFS, Policy
from neuronet.theory.check import Below, Check
from neuronet.theory.comparison import largest_gap
from neuronet.theory.reference import descent
from neuronet.theory.test_case import MYOPIC, make_case

DEPTHS = range(2, 7)
WIRINGS = ("dense", "sparse(0.5)")
LEARNING_RATE = 2.0**20
"""Large learning rate, so that the change, new minus old weights, does not vanish in the rounding of the weights."""


def gap(policy: Policy, engine: str, activation: str, depth: int, payoff: str, connectivity: str) -> float:
    """Return the largest relative difference between the changes of a round and the negative gradient, over all layers."""
    case = make_case(
        [9, *[12] * (depth - 1), 5],
        activation,
        # the outputs of a squared error have a slope, too
        output_activation=activation if payoff == "squared-error" else "identity",
        connectivity=connectivity,
        payoff=PAYOFFS[payoff](),
        policy=policy,
        learning_rate=LEARNING_RATE,
        seed=depth,
    )
    return largest_gap(case.intents(engine), descent(case))


def worst_gap(policy: Policy, engine: str, activation: str) -> float:
    """Return the largest gap over depths, payoffs and wirings."""
    combinations = [(depth, payoff, connectivity) for depth in DEPTHS for payoff in PAYOFFS for connectivity in WIRINGS]
    return float(np.max([gap(policy, engine, activation, *values) for values in combinations]))


def checks(policy: Policy = MYOPIC) -> Iterator[Check]:
    """Yield a check for each activation on tensors, and one for all activations on agents."""
    where = f"depth {DEPTHS[0]} to {DEPTHS[-1]}"
    for name in ACTIVATIONS:
        claim = f"p = 2, myopic: largest gap to autograd, {name}, {where}, tensors"
        yield Check("1 equivalence", claim, worst_gap(policy, "tensors", name), Below(1e-12))
    claim = f"p = 2, myopic: largest gap to autograd, every activation, {where}, agents"
    worst = np.max([worst_gap(policy, "agents", name) for name in ACTIVATIONS])
    yield Check("1 equivalence", claim, float(worst), Below(1e-12))
