"""Proposition 5, second order: at stationary points of the loss no neuron is at a maximum of its own utility."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from neuronet.theory.check import Below, Check, Near
from neuronet.theory.stationarity.stationary_points import SAMPLES, Point, stationary_points

ETA = 0.1
"""Learning rate of the listeners."""
TOLERANCE = 1e-8
"""Size of an eigenvalue, relative to the largest one of its Hessian, up to which it counts as 0."""
NONLINEAR, PIECEWISE_LINEAR = ("tanh", "sigmoid"), ("relu", "identity")
Objective = Callable[[Tensor, Tensor], Tensor]
"""`objective(attention, activity)` returns a neuron's utility after the response, from (K,) and its activity (B,)."""


def squared(weights: Tensor) -> Tensor:
    """Return the measure w^2 / 2, elementwise."""
    return 0.5 * weights * weights


def total(attention: Tensor, activity: Tensor) -> Tensor:
    """Return the sum of w^2 / 2: the utility of proposition 5."""
    return squared(attention).sum()


def utility(point: Point, neuron: int, objective: Objective) -> Callable[[Tensor], Tensor]:
    """Return a neuron's utility after the response, as a function of its synapses (S,), at fixed demands of its listeners."""
    demand = point.demand(point.activity(point.hidden))

    def of_synapses(synapses: Tensor) -> Tensor:
        activity = point.activity(synapses)
        return objective(point.attention[:, neuron] + ETA * (activity @ demand) / SAMPLES, activity)

    return of_synapses


def kind(point: Point, neuron: int, objective: Objective) -> str:
    """Return "minimum", "saddle", "maximum" or "flat", by the signs of the eigenvalues of the utility's Hessian, (S, S)."""
    hessian = torch.func.jacrev(torch.func.grad(utility(point, neuron, objective)))(point.hidden[neuron])
    eigenvalues = torch.linalg.eigvalsh(hessian)
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


def checks(objective: Objective = total) -> Iterator[Check]:
    """Yield checks of the slope and of the second order of a utility after the response, at stationary points of the loss."""
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
