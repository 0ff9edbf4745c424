"""The oracles against finite differences of the loss, and against each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from neuronet.core.activation import ACTIVATIONS
from neuronet.core.payoff import PAYOFFS
from neuronet.theory.comparison import largest_gap
from neuronet.theory.reference import FUNCTIONS, descent, mean_loss, sweep
from neuronet.theory.test_case import make_case


def test_torch_has_a_function_for_every_activation():
    assert FUNCTIONS.keys() == ACTIVATIONS.keys()


@pytest.mark.parametrize("payoff", PAYOFFS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_sweep_through_the_weights_equals_autograd(activation, payoff):
    game = make_case([5, 7, 6, 4], activation, output_activation=activation, payoff=PAYOFFS[payoff]())
    assert largest_gap(sweep(game, lambda weights, response: weights), descent(game)) < 1e-12


def test_sweep_depends_on_the_feedback_weights():
    game = make_case([5, 7, 6, 4])
    assert largest_gap(sweep(game, lambda weights, response: weights + 1e-6 * response), descent(game)) > 1e-8


@pytest.mark.parametrize("payoff", PAYOFFS)
def test_descent_equals_the_slope_of_the_loss(payoff):
    game = make_case([3, 4, 2], payoff=PAYOFFS[payoff](), batch=5)
    for layer, slopes in enumerate(descent(game)):
        for place in np.ndindex(*slopes.shape):
            up, down = (_loss(game, layer, place, step) for step in (1e-5, -1e-5))
            assert slopes[place] == pytest.approx(-(up - down) / 2e-5, rel=1e-5, abs=1e-8)


def _loss(game, layer, place, step):
    row, column = place
    weights, biases = ([array.copy() for array in arrays] for arrays in (game.setup.network.weights, game.setup.network.biases))
    if column < weights[layer].shape[1]:
        weights[layer][row, column] += step
    else:
        biases[layer][row] += step
    network = replace(game.setup.network, weights=tuple(weights), biases=tuple(biases))
    moved = replace(game, setup=replace(game.setup, network=network))
    return float(mean_loss(game, torch.as_tensor(moved.outputs("tensors"))))
