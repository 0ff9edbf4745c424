"""Proposition 6: where the loss is stationary, a neuron gains attention by speaking less if demands react."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from neuronet.theory.check import Check, Near
from neuronet.theory.stationarity.second_order import ETA, NONLINEAR, PIECEWISE_LINEAR
from neuronet.theory.stationarity.stationary_points import SAMPLES, Point, stationary_points

Prediction = Callable[[Tensor, Tensor], Tensor]
"""`prediction(attention, activity)` returns the gain of each neuron per unit of the relative fall of its activity, (J,)."""


def predicted_gain(attention: Tensor, activity: Tensor) -> Tensor:
    """Return `eta |w_j|^2 mean(a_j^2)`, (J,), from attention (K, J) and activity (B, J)."""
    return ETA * torch.sum(attention * attention, dim=0) * torch.mean(activity * activity, dim=0)


def gain_of_whispering(point: Point, neuron: int, *, react: bool = True) -> Tensor:
    """Return the derivative of a neuron's utility in e at e = 0, where its activity is (1 - e) a_j.

    Args:
        point: Network and batch.
        neuron: Index j.
        react: Whether the listeners' demands are those after the change of activity; otherwise those before.
    """
    spoken = point.activity(point.hidden)
    only = torch.eye(spoken.shape[1], dtype=torch.float64)[neuron]

    def utility(fall: Tensor) -> Tensor:
        activity = spoken * (1.0 - fall * only)
        demand = point.demand(activity if react else spoken)
        held = point.attention[:, neuron] + ETA * (activity[:, neuron] @ demand) / SAMPLES
        return 0.5 * torch.sum(held * held)

    nothing = torch.zeros((), dtype=torch.float64, requires_grad=True)
    (derivative,) = torch.autograd.grad(utility(nothing), nothing)
    return derivative


def ratios(prediction: Prediction = predicted_gain) -> list[float]:
    """Return the ratio of measured to predicted gain of every speaking neuron at all stationary points."""
    found = []
    for activation in (*PIECEWISE_LINEAR, *NONLINEAR):
        for point in stationary_points(activation):
            predicted = prediction(point.attention, point.activity(point.hidden))
            found += [float(gain_of_whispering(point, neuron) / predicted[neuron]) for neuron in point.speaking_neurons()]
    return found


def checks(prediction: Prediction = predicted_gain) -> Iterator[Check]:
    """Yield a check of the ratio that is furthest from 1."""
    found = ratios(prediction)
    worst = max(found, key=lambda ratio: abs(ratio - 1.0), default=float("nan"))
    claim = f"gain of (1 - e) a_j with new demands / e eta |w_j|^2 mean(a_j^2): worst of {len(found)} neurons"
    yield Check("6 whispering", claim, worst, Near(1.0, 1e-6))
