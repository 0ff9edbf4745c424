"""The checks of the second order hold, each can fail, and they measure what they say."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from neuronet.theory.check import Check
from neuronet.theory.stationarity import second_order
from neuronet.theory.stationarity.rest_points import Game, intents, rest_points
from neuronet.theory.stationarity.stationary_points import SAMPLES, Point, hessian, noisy_teacher, stationary_points

ACTIVATIONS = ("relu", "identity", "tanh", "sigmoid")
SLOPE, MINIMA, SADDLES, MAXIMA, SATURATING = range(5)


@pytest.fixture(scope="module")
def rows() -> list[Check]:
    return list(second_order.checks())


def failing(**mutation) -> list[int]:
    return [index for index, row in enumerate(second_order.checks(**mutation)) if not row.passed]


def test_every_check_holds(rows):
    assert [row.claim for row in rows if not row.passed] == []
    assert len(rows) == 5
    assert {row.proposition for row in rows} == {"5 stationarity"}


def test_neurons_of_all_networks_are_counted():
    neurons = [neuron for name in ACTIVATIONS for point in stationary_points(name) for neuron in point.speaking_neurons()]
    assert len(neurons) == 24


def test_opposite_utility_is_at_a_maximum():
    assert failing(objective=lambda attention, activity: -second_order.total(attention, activity)) == [MINIMA, MAXIMA]


def test_cost_of_speaking_has_a_slope_at_stationary_points_of_the_loss():
    assert SLOPE in failing(objective=partial(second_order.after_cost, 1.0))


def test_without_curvature_there_is_no_saddle():
    assert {MINIMA, SADDLES} <= set(failing(objective=lambda attention, activity: 0.0 * attention.sum()))


def test_convex_measure_has_no_maximum_at_rest():
    assert failing(measure=second_order.squared) == [SATURATING]


def test_checks_are_nan_without_points(monkeypatch):
    monkeypatch.setattr(second_order, "stationary_points", lambda activation: ())
    monkeypatch.setattr(second_order, "rest_points", lambda activation, game: [])
    assert failing() == [SLOPE, MINIMA, SADDLES, MAXIMA, SATURATING]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_start_of_the_search_is_not_stationary(name):
    start = noisy_teacher(name, 0)
    assert second_order.largest_slope([start], second_order.total) > 1e-3


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_small_moves_gain_to_second_order(name):
    """Random moves of a neuron's synapses, without the Hessian: some gain, and of relu and identity none loses."""
    point = stationary_points(name)[0]
    generator = torch.Generator().manual_seed(0)
    for neuron in range(2):
        value = second_order.utility(point, neuron, second_order.total)
        moves = 1e-3 * torch.randn(200, 5, generator=generator, dtype=torch.float64)
        gains = torch.stack([value(point.hidden[neuron] + move) - value(point.hidden[neuron]) for move in moves])
        assert gains.max() > 1e-12
        assert (gains.min() < -1e-12) == (name in ("tanh", "sigmoid"))


def test_dead_relu_neuron_is_left_out():
    start = noisy_teacher("relu", 0)
    synapses = start.synapses.clone()
    synapses[4] = -1000.0  # the bias of the first neuron
    point = Point("relu", start.inputs, start.targets, synapses)
    assert point.speaking_neurons() == [1]
    assert len(second_order.kinds([point], second_order.total)) == 1


def test_game_of_squared_attention_is_at_rest_where_the_loss_is():
    for point in stationary_points("tanh"):
        assert intents(point, Game(second_order.squared), point.synapses).norm() < 1e-9


def test_homogeneous_neuron_with_a_cost_of_speaking_is_never_at_rest():
    """Along its own synapses and its listeners' attention together, only the cost remains: a silent neuron alone rests."""
    point = stationary_points("relu")[0]
    change = intents(point, Game(second_order.squared, cost=0.1), point.synapses)[:10].reshape(2, 5)
    expected = -0.1 * torch.mean(point.activity(point.hidden) ** 2, dim=0)
    torch.testing.assert_close(torch.sum(change * point.hidden, dim=1), expected, rtol=1e-9, atol=1e-12)


def test_budgeted_neuron_gains_by_one_of_two_opposite_small_moves():
    """Outputs at rest have steps of no direction; any move of one neuron gives them one, of the whole length eta."""
    point, eta = stationary_points("tanh")[0], second_order.ETA
    demand, attention = point.demand(point.activity(point.hidden)), point.attention[:, 0]
    move = 1e-3 * torch.ones(5, dtype=torch.float64)
    gains = []
    for sign in (1.0, -1.0):
        responses = (point.activity(point.hidden[0] + sign * move) @ demand) / SAMPLES
        assert responses.abs().min() > 1e-9  # far above rounding
        gains.append(0.5 * torch.sum((attention + eta * responses.sign()) ** 2 - attention**2))
    assert max(gains) >= 0.5 * eta**2 * len(attention) > 0


@pytest.mark.parametrize("name", ["relu", "identity", "tanh"])
def test_interpolating_networks_are_flat(name):
    """Without residuals there are no demands, and a neuron's utility does not depend on what it says."""
    start = noisy_teacher(name, 0)
    fitted = Point(name, start.inputs, start.targets - start.demand(start.activity(start.hidden)), start.synapses)
    assert fitted.demand(fitted.activity(fitted.hidden)).abs().max() < 1e-12
    for neuron in fitted.speaking_neurons():
        of_synapses = second_order.utility(fitted, neuron, second_order.total)
        assert hessian(of_synapses, fitted.hidden[neuron]).abs().max() < 1e-12
        moved = fitted.hidden[neuron] + torch.linspace(-3, 3, fitted.hidden.shape[1])
        assert float(of_synapses(moved) - of_synapses(fitted.hidden[neuron])) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("listeners", [1, 3, 6])
def test_minimum_is_flat_along_what_no_listener_hears(listeners):
    """The utility is exactly quadratic, and each direction that counts needs a listener of its own.

    Of the five synapses of an identity neuron, the bias counts nothing, because the demands of outputs at rest have mean 0, and
    neither do the directions of both neurons' own synapses, along which responses are 0 at rest.
    """
    for point in stationary_points("identity"):
        for neuron in point.speaking_neurons():
            of_synapses = second_order.utility(point, neuron, lambda attention, _: 0.5 * (attention[:listeners] ** 2).sum())
            form, at = hessian(of_synapses, point.hidden[neuron]), point.hidden[neuron]
            eigenvalues = torch.linalg.eigvalsh(form)
            assert int((eigenvalues > 1e-8 * eigenvalues[-1]).sum()) == min(listeners, 2)
            assert eigenvalues[0] > -1e-8 * eigenvalues[-1]
            move = torch.linspace(-2, 2, len(at), dtype=at.dtype)
            gained = float(of_synapses(at + move) - of_synapses(at))
            slope = torch.func.grad(of_synapses)(at)
            assert gained == pytest.approx(float(slope @ move + 0.5 * move @ form @ move), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", ["relu", "identity"])
def test_minimum_is_flat_along_a_neurons_own_synapses(name):
    for point in stationary_points(name):
        for neuron in point.speaking_neurons():
            at = point.hidden[neuron]
            form = hessian(second_order.utility(point, neuron, second_order.total), at)
            assert float((form @ at).norm()) < 1e-8 * float(form.norm()) * float(at.norm())


def test_kinds_of_known_functions():
    point = stationary_points("identity")[0]
    assert second_order.kind(point, 0, lambda attention, activity: activity.square().mean()) == "minimum"
    assert second_order.kind(point, 0, lambda attention, activity: -activity.square().mean()) == "maximum"
    assert second_order.kind(point, 0, lambda attention, activity: activity[0] ** 2 - activity[1] ** 2) == "saddle"
    assert second_order.kind(point, 0, lambda attention, activity: 0.0 * activity.sum() ** 2) == "flat"


@pytest.mark.slow
def test_table_of_utilities():
    found = {(row.utility, row.activation): row for row in second_order.table()}
    for name in ("power", "log", "saturating, unit 100"):
        assert [found[name, activation].kinds for activation in ACTIVATIONS] == [(6, 0, 0), (6, 0, 0), (0, 6, 0), (0, 6, 0)]
    for (name, activation), row in found.items():
        minimum, saddle, maximum = row.kinds
        linear = activation in ("relu", "identity")
        assert (maximum > 0) == (linear and name == "saturating, unit 0.1")
        assert (saddle > 0) == (not linear)
        assert minimum + saddle + maximum == 2 * row.points
        assert (row.points == 0) == (linear and name.startswith("cost"))


def test_saturating_attention_at_rest_is_where_its_measure_is_concave():
    points = rest_points("identity", Game(partial(second_order.saturating, second_order.UNIT)))
    assert points
    assert all(point.attention.abs().min() > (2 * second_order.UNIT / 3) ** 0.5 for point in points)
