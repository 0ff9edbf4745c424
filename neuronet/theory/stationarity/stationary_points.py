"""Stationary points of the loss of small networks, written with torch alone: where propositions 5 and 6 are checked.

The functions share no code with the engines, on purpose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from neuronet.theory.comparison import Floats
from neuronet.theory.reference import FUNCTIONS

SPEAKERS, NEURONS, LISTENERS = 4, 2, 6
SAMPLES = 60
NOISE = 0.2
"""Standard deviation of the noise in the targets, so that some loss and some demand remain."""
SEEDS = range(8)
POINTS = 3
"""Number of networks for each activation: the first seeds that converge."""
CONVERGED = 1e-9
"""Largest norm of the gradient, and smallest distance of a potential from the kink of relu, of a stationary point."""


@dataclass(frozen=True, eq=False)
class Point:
    """Network with one hidden layer, and the batch on which it is evaluated.

    Attributes:
        activation: Activation of the hidden neurons; the outputs are linear.
        inputs: (B, S), activity of the speakers and, last, a column of ones.
        targets: (B, K).
        synapses: (P,), the weights and biases of all neurons.
    """

    activation: str
    inputs: Tensor
    targets: Tensor
    synapses: Tensor

    @property
    def hidden(self) -> Tensor:
        """Weights and, last, biases of the hidden neurons, (J, S)."""
        return split(self.synapses)[0]

    @property
    def attention(self) -> Tensor:
        """Attention that the listeners pay, (K, J)."""
        return split(self.synapses)[1][:, :-1]

    def activity(self, hidden: Tensor) -> Tensor:
        """Return the activity of neurons with these synapses: (J, S) to (B, J), or (S,) to (B,)."""
        return FUNCTIONS[self.activation](torch.nn.functional.linear(self.inputs, hidden))

    def demand(self, activity: Tensor, synapses: Tensor | None = None) -> Tensor:
        """Return the demand of the listeners, targets minus outputs, (B, K), for an activity (B, J)."""
        outputs = split(self.synapses if synapses is None else synapses)[1]
        return self.targets - activity @ outputs[:, :-1].T - outputs[:, -1]

    def loss(self, synapses: Tensor) -> Tensor:
        """Return the squared error, halved and averaged over the batch."""
        demand = self.demand(self.activity(split(synapses)[0]), synapses)
        return 0.5 * torch.sum(demand * demand) / SAMPLES

    def speaking_neurons(self) -> list[int]:
        """Return the neurons that are active on some sample: a dead relu neuron has no slope, and is left out."""
        return torch.nonzero(self.activity(self.hidden).abs().amax(dim=0)).flatten().tolist()


def split(synapses: Tensor) -> tuple[Tensor, Tensor]:
    """Return the synapses of the hidden neurons, (J, S), and of the outputs, (K, J + 1)."""
    border = NEURONS * (SPEAKERS + 1)
    return synapses[:border].reshape(NEURONS, SPEAKERS + 1), synapses[border:].reshape(LISTENERS, NEURONS + 1)


def noisy_teacher(activation: str, seed: int) -> Point:
    """Return a random network whose targets are its own outputs with noise; its listeners pay between 1 and 2, of either sign."""
    rng = np.random.default_rng(seed)
    inputs = torch.as_tensor(np.column_stack((rng.standard_normal((SAMPLES, SPEAKERS)), np.ones(SAMPLES))))
    hidden = rng.standard_normal(NEURONS * (SPEAKERS + 1))
    outputs = rng.choice((-1.0, 1.0), (LISTENERS, NEURONS + 1)) * rng.uniform(1.0, 2.0, (LISTENERS, NEURONS + 1))
    synapses = torch.as_tensor(np.concatenate((hidden, outputs.ravel())))
    teacher = Point(activation, inputs, torch.zeros(SAMPLES, LISTENERS, dtype=torch.float64), synapses)
    noise = torch.as_tensor(NOISE * rng.standard_normal((SAMPLES, LISTENERS)))
    return Point(activation, inputs, noise - teacher.demand(teacher.activity(teacher.hidden)), synapses)


def hessian(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """Return the second derivatives of a scalar function of a vector, (P, P), in reverse mode twice."""
    found: Tensor = torch.func.jacrev(torch.func.grad(function))(at)
    return found


def gradient(point: Point, synapses: Floats) -> Floats:
    """Return the gradient of the loss, (P,)."""
    values = torch.tensor(synapses, requires_grad=True)
    (slope,) = torch.autograd.grad(point.loss(values), values)
    found: Floats = slope.numpy()
    return found


def descended(start: Point) -> Point:
    """Return the network at the end of a trust-region search and some Newton steps, whether it converged or not."""

    def curvature(synapses: Floats) -> Floats:
        found: Floats = hessian(start.loss, torch.tensor(synapses)).numpy()
        return found

    def value(synapses: Floats) -> float:
        return float(start.loss(torch.tensor(synapses)))

    def slope(synapses: Floats) -> Floats:
        return gradient(start, synapses)

    options = {"gtol": 1e-6, "maxiter": 40}
    synapses = minimize(value, start.synapses.numpy(), jac=slope, hess=curvature, method="trust-exact", options=options).x
    for _ in range(3):
        # the least step: a rescaling of a homogeneous neuron leaves the loss unchanged, so that the Hessian is singular
        step = np.linalg.lstsq(curvature(synapses), slope(synapses), rcond=1e-9)[0]
        if np.linalg.norm(slope(synapses - step)) >= np.linalg.norm(slope(synapses)):
            break
        synapses = synapses - step
    return Point(start.activation, start.inputs, start.targets, torch.tensor(synapses))


def is_stationary(point: Point) -> bool:
    """Return whether the gradient is 0 up to rounding, at a point where the loss is smooth."""
    at_rest = float(np.linalg.norm(gradient(point, point.synapses.numpy()))) < CONVERGED
    smooth = point.activation != "relu" or float((point.inputs @ point.hidden.T).abs().min()) > CONVERGED
    return at_rest and smooth


@cache
def stationary_points(activation: str) -> tuple[Point, ...]:
    """Return stationary points of the loss, for the first seeds whose search converges."""
    found: list[Point] = []
    for seed in SEEDS:
        point = descended(noisy_teacher(activation, seed))
        found += [point] if is_stationary(point) else []
        if len(found) == POINTS:
            break
    return tuple(found)
