"""Least squares by context: recognised contexts, and the reply of each against the minimum of its own squared errors."""

import numpy as np
import pytest

from neuronet import Population, build_network
from neuronet.continual.methods.registry import parse_method
from neuronet.core import ConfigurationError
from neuronet.engines.base import Setup
from neuronet.policies import FreeRider, LeastSquares, LeastSquaresByContext
from tests.continual.fixtures import learner_config, make_experiment
from tests.helpers.engine_fixtures import ENGINES
from tests.policies.attention.test_least_squares import minimum

CENTRES = np.array([[8.0, 0.0, 0.0], [0.0, 8.0, 0.0], [0.0, 0.0, 8.0]])
"""Means of three sources, far from each other in units of their spread, 1."""


def source(number, samples=12):
    """Return inputs and classes of a source; the same offset from the centre is another class in each source."""
    rng = np.random.default_rng(number)
    offsets, turn = rng.standard_normal((samples, 3)), (-1) ** number
    return CENTRES[number] + offsets, (turn * offsets[:, 0] > 0).astype(np.int64)


def play(engine, policy, order=(0, 1, 2)):
    player = ENGINES[engine](Setup(network(), policy, learning_rate=0.3))
    for number in order:
        inputs, targets = source(number)
        for part in (slice(0, 6), slice(6, 12)):
            player.play(inputs[part], targets[part])
    return player


def network():
    return build_network([3, 2], seed=4)


def initial():
    return np.hstack([network().weights[0], network().biases[0][:, None]])


def said(player, inputs):
    return np.asarray(player.outputs(inputs))


@pytest.mark.parametrize("engine", ENGINES)
def test_each_context_has_the_exact_reply_to_its_own_samples(engine):
    player = play(engine, LeastSquaresByContext(penalty=0.5, surprise=20.0, contexts=4))
    for number in range(3):
        inputs, targets = source(number)
        reply = minimum(inputs, np.eye(2)[targets], initial(), 0.5)
        expected = np.hstack([inputs, np.ones((12, 1))]) @ reply.T
        np.testing.assert_allclose(said(player, inputs), expected, atol=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_context_is_entered_again_from_its_reply(engine):
    """The sums begin again: it minimises the squared errors since then, around the reply before with the weight of 12 samples."""
    player = play(engine, LeastSquaresByContext(penalty=0.5, surprise=20.0, contexts=4), (0, 1, 0))
    inputs, targets = source(0)
    before = minimum(inputs, np.eye(2)[targets], initial(), 0.5)
    reply = minimum(inputs, np.eye(2)[targets], before, 0.5 * (1 + 12))
    expected = np.hstack([inputs, np.ones((12, 1))]) @ reply.T
    np.testing.assert_allclose(said(player, inputs), expected, atol=1e-9)


@pytest.mark.parametrize("limits", [{"surprise": 1e6}, {"contexts": 1}])
def test_one_context_is_least_squares(limits):
    """A second oracle: the policy `least-squares`, also over a layer of free riders."""
    one, other = LeastSquaresByContext(penalty=2.0, **limits), LeastSquares(penalty=2.0)
    inputs = np.concatenate([source(number)[0] for number in range(3)])
    np.testing.assert_allclose(said(play("tensors", one), inputs), said(play("tensors", other), inputs), atol=1e-9)
    deep, rng = build_network([3, 6, 2], seed=1), np.random.default_rng(0)
    players = [
        ENGINES["tensors"](Setup(deep, Population.per_layer([FreeRider(), policy]).groups(deep, 0), learning_rate=0.1))
        for policy in (one, other)
    ]
    for player in players:
        player.play(inputs, np.arange(len(inputs)) % 2)
    fresh = rng.standard_normal((5, 3))
    np.testing.assert_allclose(*(said(player, fresh) for player in players), atol=1e-9)


def test_number_of_contexts_is_that_of_the_sources_until_all_are_open():
    for contexts, expected in ((8, 3), (2, 2)):
        player = play("tensors", LeastSquaresByContext(penalty=0.5, surprise=20.0, contexts=contexts))
        arrays = player.state().to_arrays()
        counts = [arrays[f"1.group0.heard{number}"][-1] for number in range(contexts)]
        assert sum(counts) == 36
        assert np.count_nonzero(counts) == expected
        assert sorted(counts)[-expected:] == ([12, 12, 12] if expected == 3 else [12, 24])


@pytest.mark.parametrize("engine", ENGINES)
def test_contexts_are_recognised_sample_by_sample_and_in_other_units(engine):
    """Batches of one sample, one input in a unit ten times as large; the first ten samples open one context only."""
    policy = LeastSquaresByContext(penalty=0.5, surprise=8.0, contexts=8)
    for units in (np.ones(3), np.array([1.0, 10.0, 1.0])):
        player = ENGINES[engine](Setup(network(), policy, learning_rate=0.3))
        for number in range(3):
            inputs, targets = source(number)
            for sample in range(12):
                player.play(units * inputs[sample : sample + 1], targets[sample : sample + 1])
        arrays = player.state().to_arrays()
        assert [arrays[f"1.group0.heard{number}"].ravel()[-1] for number in range(4)] == [12, 12, 12, 0]
        within = sum(((units * (source(number)[0] - source(number)[0].mean(axis=0))) ** 2).sum(axis=0) for number in range(3))
        np.testing.assert_allclose(arrays["1.group0.spread"].ravel()[:3], within, rtol=1e-9)


def test_inputs_that_never_vary_open_no_context():
    player = ENGINES["tensors"](Setup(network(), LeastSquaresByContext(), learning_rate=0.3))
    for value in (1.0, 1.0, 5.0):
        player.play(np.full((20, 3), value), np.arange(20) % 2)
    arrays = player.state().to_arrays()
    assert arrays["1.group0.heard0"][-1] + arrays["1.group0.heard1"][-1] == 60
    assert np.all(np.isfinite(said(player, np.ones((2, 3)))))


def test_features_hear_as_many_inputs_as_asked():
    method = parse_method('layered(outputs=least-squares-by-context,features=20,connectivity="fixed-in-degree(3)")')
    assert not method.uses_learning_rate
    assert set(method.tunable_ranges()) == {"penalty", "surprise"}
    for built in method.learner(learner_config(make_experiment())).networks():
        assert built.sizes[1] == 20
        np.testing.assert_array_equal(np.count_nonzero(built.weights[0], axis=1), 3)
    with pytest.raises(ConfigurationError, match="connectivity"):
        parse_method('layered(connectivity="fixed-in-degree(3)")')


@pytest.mark.parametrize("parameters", [{"penalty": 0.0}, {"surprise": 0.0}, {"contexts": 0}, {"contexts": 1.5}])
def test_parameters_out_of_range_are_refused(parameters):
    with pytest.raises(ConfigurationError, match=next(iter(parameters))):
        LeastSquaresByContext(**parameters)
