"""What neurons' utilities have at stationary points of the loss, and how demands react there; each check can fail."""

from __future__ import annotations

import pytest
import torch

from neuronet.theory.stationarity import potential, reacting_demands, second_order
from neuronet.theory.stationarity.stationary_points import stationary_points


def test_every_check_holds():
    rows = [*second_order.checks(), *reacting_demands.checks(), *potential.checks()]
    assert [row.claim for row in rows if not row.passed] == []
    assert [row.proposition.split()[0] for row in rows] == ["5", "5", "5", "5", "6", "7", "7"]


@pytest.mark.parametrize(
    ("objective", "claims"),
    [
        (lambda attention, activity: attention.sum(), ("largest slope",)),
        (lambda attention, activity: -second_order.total(attention, activity), ("at a minimum", "at a maximum")),
    ],
    ids=["another slope", "aversion"],
)
def test_checks_of_stationarity_can_fail(objective, claims):
    failed = [row.claim for row in second_order.checks(objective) if not row.passed]
    for claim in claims:
        assert any(claim in row for row in failed)


def test_check_of_whispering_can_fail():
    (row,) = reacting_demands.checks(lambda attention, activity: 1.01 * reacting_demands.predicted_gain(attention, activity))
    assert not row.passed


def test_without_reaction_nothing_is_gained_by_whispering():
    for point in stationary_points("tanh"):
        gain = reacting_demands.gain_of_whispering(point, 0, react=False)
        assert abs(float(gain)) < 1e-9


def test_checks_of_the_potential_can_fail():
    first, _ = potential.checks(lambda weights, p: weights.sign())
    _, second = potential.checks(lambda weights, p: weights)
    assert not first.passed
    assert not second.passed


def test_jacobian_for_two_is_the_hessian_of_the_loss():
    """By autograd of the loss: the potential of the game is minus the loss."""
    case = potential.two_layer_case(0)
    network = case.setup.network
    layers = [layer.clone().requires_grad_() for layer in potential.hidden_synapses(case)]
    activity = torch.as_tensor(case.inputs)
    output = torch.as_tensor(network.weights[-1]), torch.as_tensor(network.biases[-1])
    for layer in layers:
        activity = torch.tanh(activity @ layer[:, :-1].T + layer[:, -1])
    loss = 0.5 * ((torch.as_tensor(case.targets) - activity @ output[0].T - output[1]) ** 2).sum() / len(activity)
    gradients = torch.autograd.grad(loss, layers)
    slopes = potential.payoff_slopes(case, 2.0, [layer.detach() for layer in layers])
    for slope, gradient in zip(slopes, gradients, strict=True):
        torch.testing.assert_close(slope, -gradient, rtol=1e-10, atol=1e-12)
