"""Proposition 5, second order: at stationary points of the loss no neuron is at a maximum of its own utility."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from neuronet.theory.check import Below, Check, Near
from neuronet.theory.stationarity.rest_points import Game, rest_points
from neuronet.theory.stationarity.stationary_points import SAMPLES, Point, hessian, stationary_points

ETA = 0.1
"""Learning rate of the listeners."""
TOLERANCE = 1e-8
"""Size of an eigenvalue, relative to the largest one of its Hessian, up to which it counts as 0."""
NONLINEAR, PIECEWISE_LINEAR = ("tanh", "sigmoid"), ("relu", "identity")
UNIT = 0.1
"""Unit of the saturating measure in the check. The measure is concave where attention is above sqrt(2 UNIT / 3) = 0.26."""

Objective = Callable[[Tensor, Tensor], Tensor]
"""`objective(attention, activity)` returns a neuron's utility after the response, from (K,) and its activity (B,)."""


def squared(weights: Tensor) -> Tensor:
    """Return the measure w^2 / 2, elementwise."""
    return 0.5 * weights * weights


def saturating(unit: float, weights: Tensor) -> Tensor:
    """Return the saturating measure of w^2 / 2, elementwise; each value is below the unit."""
    return unit * squared(weights) / (unit + squared(weights))


def total(attention: Tensor, activity: Tensor) -> Tensor:
    """Return the sum of w^2 / 2: the utility of proposition 5."""
    return squared(attention).sum()


def logarithm(attention: Tensor, activity: Tensor) -> Tensor:
    """Return log(1 + sum of w^2 / 2)."""
    return torch.log1p(squared(attention).sum())


def saturated(unit: float, attention: Tensor, activity: Tensor) -> Tensor:
    """Return the sum of the saturating measure."""
    return saturating(unit, attention).sum()


def after_cost(cost: float, attention: Tensor, activity: Tensor) -> Tensor:
    """Return the sum of w^2 / 2 minus eta * cost / 2 times the mean square of the activity."""
    return squared(attention).sum() - ETA * cost * squared(activity).mean()


def utility(point: Point, neuron: int, objective: Objective) -> Callable[[Tensor], Tensor]:
    """Return a neuron's utility after the response, as a function of its synapses (S,), at fixed demands of its listeners."""
    demand = point.demand(point.activity(point.hidden))

    def of_synapses(synapses: Tensor) -> Tensor:
        activity = point.activity(synapses)
        return objective(point.attention[:, neuron] + ETA * (activity @ demand) / SAMPLES, activity)

    return of_synapses


def kind(point: Point, neuron: int, objective: Objective) -> str:
    """Return "minimum", "saddle", "maximum" or "flat", by the signs of the eigenvalues of the utility's Hessian, (S, S)."""
    eigenvalues = torch.linalg.eigvalsh(hessian(utility(point, neuron, objective), point.hidden[neuron]))
    limit = TOLERANCE * float(eigenvalues.abs().max())
    upward, downward = bool(eigenvalues[-1] > limit), bool(eigenvalues[0] < -limit)
    return {(True, False): "minimum", (True, True): "saddle", (False, True): "maximum", (False, False): "flat"}[upward, downward]


def kinds(points: Sequence[Point], objective: Objective) -> list[str]:
    """Return what each neuron's utility has at its synapses; dead relu neurons are left out."""
    return [kind(point, neuron, objective) for point in points for neuron in point.speaking_neurons()]


def largest_slope(points: Sequence[Point], objective: Objective) -> float:
    """Return the largest slope of a neuron's utility in its synapses, per unit of learning rate."""
    slopes = [
        torch.func.grad(utility(point, neuron, objective))(point.hidden[neuron]).norm() / ETA
        for point in points
        for neuron in point.speaking_neurons()
    ]
    return float(torch.stack(slopes).max()) if slopes else float("nan")


def share(found: Sequence[str], wanted: str) -> float:
    """Return the share of a kind; nan of nothing."""
    return found.count(wanted) / len(found) if found else float("nan")


@dataclass(frozen=True)
class Row:
    """Row of the table of utilities.

    Attributes:
        utility: Name of the utility.
        activation: Activation of the hidden neurons.
        points: Number of points of rest that were found, of `tried` searches.
        tried: Number of searches.
        kinds: Number of neurons at a minimum, a saddle and a maximum of this utility in their own synapses.
    """

    utility: str
    activation: str
    points: int
    tried: int
    kinds: tuple[int, int, int]


def table() -> Iterator[Row]:
    """Yield what neurons' utilities have where the game with these utilities is at rest; docs/theory.md has the result.

    A budget is missing: an output's change, by whose length it would be divided, is 0 at rest.
    """
    games: dict[str, tuple[Game, Objective]] = {
        "power": (Game(squared), total),
        "log": (Game(squared), logarithm),  # at rest where the power measure is: only the size of the slope differs
        "saturating, unit 100": (Game(partial(saturating, 100.0)), partial(saturated, 100.0)),
        f"saturating, unit {UNIT:g}": (Game(partial(saturating, UNIT)), partial(saturated, UNIT)),
        "cost 0.01": (Game(squared, cost=0.01), partial(after_cost, 0.01)),
        "cost 0.1": (Game(squared, cost=0.1), partial(after_cost, 0.1)),
    }
    for name, (game, objective) in games.items():
        for activation in (*PIECEWISE_LINEAR, *NONLINEAR):
            points = rest_points(activation, game)
            found = Counter(kinds(points, objective))
            counts = (found["minimum"], found["saddle"], found["maximum"])
            yield Row(name, activation, len(points), len(stationary_points(activation)), counts)


def checks(objective: Objective = total, measure: Callable[[Tensor], Tensor] | None = None) -> Iterator[Check]:
    """Yield checks of the slope and of the second order at stationary points, and of the clearest case of a maximum.

    Args:
        objective: Utility after the response at the stationary points of the loss.
        measure: Measure of the last check, elementwise; None for the saturating one.
    """
    name = "5 stationarity"
    points = {activation: stationary_points(activation) for activation in (*PIECEWISE_LINEAR, *NONLINEAR)}
    every = [point for group in points.values() for point in group]
    claim = "at stationary points of the loss: largest slope of the utility in own synapses"
    yield Check(name, claim, largest_slope(every, objective), Below(1e-8))
    convex = kinds([point for activation in PIECEWISE_LINEAR for point in points[activation]], objective)
    claim = f"there, share of {len(convex)} relu and identity neurons at a minimum of their utility"
    yield Check(name, claim, share(convex, "minimum"), Near(1.0, 0.0))
    mixed = kinds([point for activation in NONLINEAR for point in points[activation]], objective)
    claim = f"there, share of {len(mixed)} tanh and sigmoid neurons at a saddle of their utility"
    yield Check(name, claim, share(mixed, "saddle"), Near(1.0, 0.0))
    maxima = (convex + mixed).count("maximum") if convex and mixed else float("nan")
    yield Check(name, "there, number of neurons at a maximum of their utility", float(maxima), Near(0.0, 0.0))
    chosen = measure or partial(saturating, UNIT)
    concave = kinds(rest_points("identity", Game(chosen)), lambda attention, activity: chosen(attention).sum())
    claim = f"saturating measure, unit {UNIT:g}, at rest in its own game: share of {len(concave)} identity neurons at a maximum"
    yield Check(name, claim, share(concave, "maximum"), Near(1.0, 0.0))
