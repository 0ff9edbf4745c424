"""Proposition 7: for p = 2 the payoff slopes of all hidden neurons are the gradient of a potential, minus the loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from neuronet.core import SquaredError
from neuronet.theory.check import Above, Below, Check
from neuronet.theory.reference import FUNCTIONS
from neuronet.theory.test_case import GameCase, make_case

OTHER_EXPONENTS = (1.5, 3.0, 4.0)
SEEDS = range(3)

Worth = Callable[[Tensor, float], Tensor]
"""`worth(weights, p)` returns the marginal utility of each listener's attention, elementwise."""


def marginal_worth(weights: Tensor, p: float) -> Tensor:
    """Return `phi'(w) = |w|^(p-1) sign(w)`, elementwise."""
    return weights.abs() ** (p - 1.0) * weights.sign()


def two_layer_case(seed: int) -> GameCase:
    """Return a network of 4-3-3-2 neurons with tanh and linear outputs, and squared error."""
    return make_case([4, 3, 3, 2], "tanh", payoff=SquaredError(), seed=seed)


def payoff_slopes(case: GameCase, p: float, hidden: Sequence[Tensor], worth: Worth = marginal_worth) -> list[Tensor]:
    """Return each hidden neuron's slope of `sum_k phi'(w_kj) c_kj` in its own synapses, (J, S) for each hidden layer.

    The slope is taken at fixed demands and fixed attention. Both are functions of all weights, by the recursion
    `s_j = sum_k phi'(w_kj) s_k f'(z_j)` of demands, and remain so in the result, which can be differentiated again.

    Args:
        case: Test case with a dense network and squared error.
        p: Exponent of the measure.
        hidden: Weights and, last, biases of the hidden layers, (J, S) each; the outputs' are those of the case.
        worth: Marginal utility of attention.
    """
    network = case.setup.network
    output = torch.as_tensor(np.column_stack((network.weights[-1], network.biases[-1])))
    layers = [*hidden, output]
    heard, slopes = [torch.as_tensor(case.inputs)], []
    for layer, name in zip(layers, network.activations, strict=True):
        potential = heard[-1] @ layer[:, :-1].T + layer[:, -1]
        function = FUNCTIONS[name]
        heard.append(function(potential))
        slopes.append(torch.func.grad(lambda z, function=function: function(z).sum())(potential))
    demand = (torch.as_tensor(case.targets) - heard[-1]) * slopes[-1]
    found = []
    for index in range(len(hidden) - 1, -1, -1):
        demand = (demand @ worth(layers[index + 1][:, :-1], p)) * slopes[index]
        gain = torch.cat((demand.T @ heard[index], demand.sum(dim=0)[:, None]), dim=1)
        found.append(gain / len(demand))
    return found[::-1]


def hidden_synapses(case: GameCase) -> list[Tensor]:
    """Return the weights and, last, biases of the hidden layers, (J, S) each."""
    pairs = zip(case.setup.network.weights[:-1], case.setup.network.biases[:-1], strict=True)
    return [torch.as_tensor(np.column_stack(pair)) for pair in pairs]


def antisymmetric_share(case: GameCase, p: float, worth: Worth = marginal_worth) -> float:
    """Return the norm of the antisymmetric part of the slopes' Jacobian, relative to that of the whole.

    The Jacobian, (H, H), has the derivative of every hidden neuron's slopes in the H synapses of all hidden neurons, with
    demands and attention recomputed. It is symmetric exactly where the slopes are the gradient of one function.
    """
    layers = hidden_synapses(case)
    borders = np.cumsum([0] + [layer.numel() for layer in layers[:-1]]).tolist()

    def field(flat: Tensor) -> Tensor:
        hidden = [
            flat[border : border + layer.numel()].reshape(layer.shape) for border, layer in zip(borders, layers, strict=True)
        ]
        return torch.cat([slope.flatten() for slope in payoff_slopes(case, p, hidden, worth)])

    jacobian = torch.func.jacrev(field)(torch.cat([layer.flatten() for layer in layers]))
    return float(0.5 * (jacobian - jacobian.T).norm() / jacobian.norm())


def checks(worth: Worth = marginal_worth) -> Iterator[Check]:
    """Yield checks that the Jacobian of the slopes is symmetric for p = 2, and not for other exponents."""
    shares = {p: [antisymmetric_share(two_layer_case(seed), p, worth) for seed in SEEDS] for p in (2.0, *OTHER_EXPONENTS)}
    claim = "p = 2, demands recomputed: antisymmetric share of the Jacobian of payoff slopes, worst of 3 networks"
    yield Check("7 potential", claim, float(np.max(shares[2.0])), Below(1e-10))
    means = ", ".join(f"{np.mean(shares[p]):.2f}" for p in OTHER_EXPONENTS)
    claim = f"p = 1.5, 3, 4: smallest antisymmetric share of 3 networks; means {means}"
    yield Check("7 potential", claim, float(np.min([shares[p] for p in OTHER_EXPONENTS])), Above(0.05))
