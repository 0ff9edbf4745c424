"""Proposition 6: where the loss is stationary, a neuron gains by speaking less if demands react; and the whole slope."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from neuronet.theory.check import Below, Check, Near
from neuronet.theory.stationarity.second_order import ETA, NONLINEAR, PIECEWISE_LINEAR
from neuronet.theory.stationarity.stationary_points import SAMPLES, Point, stationary_points

Prediction = Callable[[Tensor, Tensor], Tensor]
"""`prediction(attention, activity)` returns the gain of each neuron per unit of the relative fall of its activity, (J,)."""


ReactingTerm = Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]
"""Arguments and value of `reacting_term`."""


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


def reacting_term(anticipated: Tensor, attention: Tensor, activity: Tensor, probabilities: Tensor | None) -> Tensor:
    """Return `a_j sum_k u_kj ds_k / da_j`, (B, J), for listeners that are outputs.

    Args:
        anticipated: Attention after the response, `u`, (K, J).
        attention: Attention `w`, (K, J).
        activity: Activity, (B, J).
        probabilities: Softmax of the outputs, (B, K); None for linear outputs with squared error.
    """
    if probabilities is None:
        return -activity * (anticipated * attention).sum(dim=0)
    mean = probabilities @ (anticipated * attention)
    return -activity * (mean - (probabilities @ anticipated) * (probabilities @ attention))


def whole_slope_gap(term: ReactingTerm = reacting_term) -> float:
    """Return the largest relative gap of the slope with reacting demands to its formula, over neurons, samples and both payoffs.

    The slope is that of a neuron's utility after the response in its own activity, by autograd through the outputs' demands.
    """
    random = torch.Generator().manual_seed(0)
    attention, activity = (torch.randn(*shape, generator=random, dtype=torch.float64) for shape in ((3, 4), (6, 4)))
    values = torch.randn(6, 3, generator=random, dtype=torch.float64)
    classes = torch.nn.functional.one_hot(torch.arange(6) % 3, 3).double()
    gaps = []
    for softmax in (False, True):

        def demand(spoken: Tensor, softmax: bool = softmax) -> Tensor:
            outputs = spoken @ attention.T
            return classes - torch.softmax(outputs, dim=1) if softmax else values - outputs

        free = activity.clone().requires_grad_()
        held = attention + ETA * demand(free).T @ free / len(free)
        slopes = [torch.autograd.grad(0.5 * held[:, j].square().sum(), free, retain_graph=True)[0][:, j] for j in range(4)]
        anticipated = held.detach()
        probabilities = torch.softmax(activity @ attention.T, dim=1) if softmax else None
        expected = demand(activity) @ anticipated + term(anticipated, attention, activity, probabilities)
        measured = torch.stack(slopes, dim=1) * len(activity) / ETA
        gaps.append(float((measured - expected).abs().max() / measured.abs().max()))
    return max(gaps)


def checks(prediction: Prediction = predicted_gain, term: ReactingTerm = reacting_term) -> Iterator[Check]:
    """Yield a check of the ratio that is furthest from 1, and one of the whole slope."""
    found = ratios(prediction)
    worst = max(found, key=lambda ratio: abs(ratio - 1.0), default=float("nan"))
    claim = f"gain of (1 - e) a_j with new demands / e eta |w_j|^2 mean(a_j^2): worst of {len(found)} neurons"
    yield Check("6 whispering", claim, worst, Near(1.0, 1e-6))
    claim = "gap of the slope with new demands to eta/B sum_k u_kj (s_k + a_j ds_k/da_j), softmax and squared error"
    yield Check("6 whole slope", claim, whole_slope_gap(term), Below(1e-12))
