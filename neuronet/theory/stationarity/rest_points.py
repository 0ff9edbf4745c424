"""Points of rest of the game with other utilities: where no neuron's slope in its own synapses remains, at fixed demands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import root
from torch import Tensor

from neuronet.theory.comparison import Floats
from neuronet.theory.reference import FUNCTIONS
from neuronet.theory.stationarity.stationary_points import CONVERGED, SAMPLES, Point, split, stationary_points


@dataclass(frozen=True)
class Game:
    """Game of hidden neurons with another utility; the outputs follow the loss.

    Attributes:
        measure: `measure(w)`, the worth of a listener's attention, elementwise.
        cost: Cost of speaking per unit of learning rate: half of it times the mean square of the activity is subtracted.
    """

    measure: Callable[[Tensor], Tensor]
    cost: float = 0.0


def intents(point: Point, game: Game, synapses: Tensor) -> Tensor:
    """Return the changes of all synapses in a round per unit of learning rate, (P,), of myopic neurons."""
    hidden, outputs = split(synapses)
    potential = point.inputs @ hidden.T
    function = FUNCTIONS[point.activation]
    activity, slope = function(potential), torch.func.grad(lambda z: function(z).sum())(potential)
    demand = point.demand(activity, synapses)
    worth = torch.func.grad(lambda weights: game.measure(weights).sum())(outputs[:, :-1])
    feedback = demand @ worth - game.cost * activity
    heard = torch.cat((activity, torch.ones(SAMPLES, 1, dtype=torch.float64)), dim=1)
    changes = ((feedback * slope).T @ point.inputs, demand.T @ heard)
    return torch.cat([change.flatten() for change in changes]) / SAMPLES


def rest_points(activation: str, game: Game) -> list[Point]:
    """Return the points of rest that a root search finds from the stationary points of the loss, at most one from each."""
    found = []
    for start in stationary_points(activation):

        def field(synapses: Floats, point: Point = start) -> Floats:
            values: Floats = intents(point, game, torch.tensor(synapses)).numpy()
            return values

        def slope(synapses: Floats, point: Point = start) -> Floats:
            values: Floats = torch.func.jacrev(lambda at: intents(point, game, at))(torch.tensor(synapses)).numpy()
            return values

        options = {"xtol": 1e-15, "ftol": 1e-15, "maxiter": 100}
        synapses = root(field, start.synapses.numpy(), jac=slope, method="lm", options=options).x
        if np.linalg.norm(field(synapses)) < CONVERGED:
            found.append(Point(activation, start.inputs, start.targets, torch.tensor(synapses)))
    return found
