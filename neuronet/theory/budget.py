"""The attention budget: equation (B) by finite differences, and when budgeted neurons perform error backpropagation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from neuronet.core import ACTIVATIONS, Policy, Power, Purpose, SquaredError, generator
from neuronet.policies import AttentionSeeking, Budgeted
from neuronet.theory.check import Below, Check
from neuronet.theory.comparison import Floats, Layers, largest_gap
from neuronet.theory.reference import descent
from neuronet.theory.test_case import ENGINES, GameCase, RoundRecord, make_case

EXPONENTS = (1.5, 2.0, 3.0, 4.0)
STEP = 1e-4
"""Step of the central differences."""

Maker = Callable[[float], Policy]
"""Returns a policy for an exponent of the measure."""


def strategic_policy(p: float) -> Policy:
    """Return the policy of equation (B)."""
    return Budgeted(AttentionSeeking(p=p, foresight=1.0), strategic=True)


def budgeted_utility(record: RoundRecord, activity: Floats, learning_rate: float, p: float) -> Floats:
    """Return each neuron's utility after steps of a budget, `sum_k phi(w_kj + eta e_kj)`, (J,).

    The demands in the record are divided by the length of their listener's change, which is therefore 1. If one neuron had
    another activity, its own part of that change would differ, and so would the length.

    Args:
        record: Observation of the neurons.
        activity: (B, J), activity of the neurons; each column is the deviation of one neuron alone.
        learning_rate: Learning rate eta of the listeners.
        p: Exponent of the measure.
    """
    before, after = (record.demand.T @ a / len(a) for a in (record.activity, activity))
    steps = after / np.sqrt(1.0 - before * before + after * after)
    utility: Floats = Power(p).utility(np, record.attention + learning_rate * steps)
    return utility


def gap_to_utility(policy: Policy, engine: str, p: float) -> float:
    """Return the relative gap between feedback times eta / B and the slope of the utility, of the worst neuron."""
    case = make_case([12, 16, 14, 10], "tanh", batch=8, learning_rate=0.5).with_policy(policy)
    rate, gaps = case.setup.learning_rate, []
    for record in case.records(engine):
        slopes = np.empty_like(record.activity)
        for sample in range(len(slopes)):
            step = np.zeros_like(slopes)
            step[sample] = STEP
            up, down = (budgeted_utility(record, record.activity + sign * step, rate, p) for sign in (1, -1))
            slopes[sample] = (up - down) / (2 * STEP)
        difference = np.abs(rate / len(slopes) * record.feedback - slopes)
        gaps.append(np.max(difference.max(axis=0) / np.abs(slopes).max(axis=0)))
    return float(np.max(gaps))


def equal_lengths_case(activation: str) -> GameCase:
    """Return a network in which the changes of all neurons of a layer have equal lengths, on one sample.

    On one sample a length is the size of the demand times that of the heard activity. Demands of equal size are made from the
    outputs down, by scaling what each neuron's listeners pay it; biases keep all potentials as they were.
    """
    case = make_case([6, 5, 4, 3], activation, payoff=SquaredError(), batch=1, seed=4)
    network, activations = case.setup.network, ACTIVATIONS[activation]
    potentials = [generator(layer, Purpose.DATA).uniform(0.2, 1.0, size) for layer, size in enumerate(network.sizes[1:])]
    heard = [case.inputs[0], *(activations.value(np, potential) for potential in potentials[:-1])]
    weights, demand = list(network.weights), np.where(np.arange(network.sizes[-1]) % 2, 0.7, -0.7)
    targets = potentials[-1] + demand
    for layer in range(len(weights) - 1, 0, -1):
        slope = activations.slope(np, potentials[layer - 1], heard[layer])
        weights[layer] = weights[layer] / np.abs(demand @ weights[layer] * slope)
        demand = demand @ weights[layer] * slope
    biases = tuple(z - w @ a for z, w, a in zip(potentials, weights, heard, strict=True))
    network = replace(network, weights=tuple(weights), biases=biases)
    return replace(case, setup=replace(case.setup, network=network), targets=targets[None, :])


def gap_to_direction(policy: Policy, engine: str, activation: str) -> float:
    """Return the largest difference between the directions of a round's changes and of `-dL/dw`, over all layers."""
    case = equal_lengths_case(activation).with_policy(policy, learning_rate=2.0**20)
    return largest_gap(_directions(case.intents(engine)), _directions(descent(case)))


def gap_of_outputs(policy: Policy, engine: str) -> float:
    """Return the gap of the output layer's changes to the gradient with each row divided by its length."""
    case = make_case([12, 16, 14, 10], "tanh", batch=8, learning_rate=2.0**20).with_policy(policy)
    gradient = descent(case)[-1][:, :-1]
    expected = gradient / np.linalg.norm(gradient, axis=1, keepdims=True)
    return largest_gap([case.intents(engine)[-1][:, :-1]], [expected])


def _directions(layers: Layers) -> Layers:
    return [layer / np.linalg.norm(layer) for layer in layers]


def checks(strategic: Maker = strategic_policy, budgeted: Policy | None = None) -> Iterator[Check]:
    """Yield checks of equation (B), of the case in which budgets change nothing, and of the output layer."""
    for p in EXPONENTS:
        worst = np.max([gap_to_utility(strategic(p), engine, p) for engine in ENGINES])
        claim = f"strategic, p = {p:g}: gap of feedback to finite differences of the budgeted utility, both engines"
        yield Check("(B) budget", claim, float(worst), Below(1e-6))
    policy = budgeted or Budgeted(bias="scaled")
    for name in ("identity", "tanh", "sigmoid"):
        worst = np.max([gap_to_direction(policy, engine, name) for engine in ENGINES])
        claim = f"equal lengths in each layer, {name}: gap of each layer's direction to -dL/dw, both engines"
        yield Check("(B) budget", claim, float(worst), Below(1e-10))
    worst = np.max([gap_of_outputs(policy, engine) for engine in ENGINES])
    claim = "unequal lengths: gap of the output layer's change to row-normalised -dL/dw, both engines"
    yield Check("(B) budget", claim, float(worst), Below(1e-12))
