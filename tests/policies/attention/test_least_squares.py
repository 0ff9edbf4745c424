"""Least squares: weights against the minimum of all squared errors so far, by two closed forms, on both engines."""

import numpy as np
import pytest

from neuronet import Population, SquaredError, build_network
from neuronet.continual.methods.analytic import Ridge
from neuronet.continual.methods.registry import parse_method
from neuronet.core import ConfigurationError, Samples
from neuronet.engines.base import Setup
from neuronet.policies import FreeRider, KeepingPromises, LeastSquares, SignSymmetric
from tests.continual.fixtures import class_experiment, learner_config, make_experiment, train_tasks
from tests.helpers.engine_fixtures import ENGINES


def minimum(features, answers, initial, penalty):
    """Return the weights, biases last, that minimise the squared errors plus the squared distance to the initial weights."""
    features = np.hstack([features, np.ones((len(features), 1))])
    root = np.sqrt(penalty) * np.eye(features.shape[1])
    stacked, wanted = np.vstack([features, root]), np.vstack([answers, root @ initial.T])
    return np.linalg.lstsq(stacked, wanted, rcond=None)[0].T


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rate", [0.01, 3.0])
def test_outputs_minimise_all_squared_errors_over_fixed_features(engine, rate):
    rng = np.random.default_rng(1)
    network = build_network([4, 7, 3], seed=2)
    policies = Population.per_layer([FreeRider(), LeastSquares(penalty=0.5)])
    player = ENGINES[engine](Setup(network, policies.groups(network, 0), learning_rate=rate))
    inputs, targets = rng.standard_normal((30, 4)), rng.integers(0, 3, 30)
    initial = np.hstack([network.weights[1], network.biases[1][:, None]])
    for number in range(5):
        part = slice(6 * number, 6 * number + 6)
        player.play(inputs[part], targets[part])
        seen = slice(0, part.stop)
        found = player.network()
        features = np.maximum(inputs[seen] @ network.weights[0].T + network.biases[0], 0)
        expected = minimum(features, np.eye(3)[targets[seen]], initial, 0.5)
        np.testing.assert_allclose(found.weights[1], expected[:, :-1], atol=1e-9)
        np.testing.assert_allclose(found.biases[1], expected[:, -1], atol=1e-9)
        np.testing.assert_array_equal(found.weights[0], network.weights[0])


@pytest.mark.parametrize("engine", ENGINES)
def test_without_signs_the_targets_are_those_of_a_squared_error(engine):
    rng = np.random.default_rng(3)
    network = build_network([5, 2], seed=1)
    player = ENGINES[engine](Setup(network, LeastSquares(penalty=2.0, signs=False), payoff=SquaredError(), learning_rate=0.1))
    samples = Samples(rng.standard_normal((12, 5)), rng.standard_normal((12, 2)))
    for part in (slice(0, 4), slice(4, 8), slice(8, 12)):
        player.play(samples.inputs[part], samples.targets[part])
    initial = np.hstack([network.weights[0], network.biases[0][:, None]])
    expected = minimum(samples.inputs, samples.targets, initial, 2.0)
    np.testing.assert_allclose(player.network().weights[0], expected[:, :-1], atol=1e-9)


@pytest.mark.parametrize("experiment", [make_experiment(), class_experiment()], ids=["task-id", "no-task-id"])
def test_over_free_riders_it_is_ridge_regression_around_the_initial_weights(experiment):
    """The second oracle: the sums of the method `ridge`, which shares no code with the engines."""
    rule = train_tasks(
        parse_method("layered(outputs=least-squares(penalty=3.0),features=20)").learner(learner_config(experiment)), experiment, 3
    )
    ridge = train_tasks(Ridge(features=20, penalty=3.0).learner(learner_config(experiment)), experiment, 3)
    for replica, network in enumerate(rule.networks()):
        fresh = build_network(network.sizes, seed=learner_config(experiment).seeds[replica])
        initial = np.vstack([fresh.weights[1].T, fresh.biases[1]])
        gram, cross = ridge.gram[replica].numpy(), ridge.cross[replica].numpy()
        expected = initial + np.linalg.solve(gram + 3.0 * np.eye(21), cross - gram @ initial)
        np.testing.assert_allclose(network.weights[1], expected[:-1].T, atol=1e-6)
        np.testing.assert_allclose(network.biases[1], expected[-1], atol=1e-6)


def test_hidden_neurons_follow_the_wrapped_policy_and_hear_what_outputs_want():
    """One round: the hidden layer's change is the wrapped policy's for the demand `onehot - potential`, a squared error's."""
    rng = np.random.default_rng(0)
    network = build_network([4, 6, 3], seed=5)
    inputs, targets = rng.standard_normal((8, 4)), rng.integers(0, 3, 8)
    first = ENGINES["tensors"](Setup(network, LeastSquares(SignSymmetric()), learning_rate=0.1))
    second = ENGINES["tensors"](Setup(network, SignSymmetric(), payoff=SquaredError(), learning_rate=0.1))
    first.play(inputs, targets)
    second.play(inputs, np.eye(3)[targets])
    np.testing.assert_allclose(first.network().weights[0], second.network().weights[0], atol=1e-12)


@pytest.mark.parametrize("fading", [0.0, 0.3])
def test_earlier_samples_fade(fading):
    rng = np.random.default_rng(4)
    network, inputs = build_network([3, 2], seed=0), rng.standard_normal((6, 4, 3))
    player = ENGINES["tensors"](Setup(network, LeastSquares(fading=fading), learning_rate=0.1))
    for part in inputs:
        player.play(part, rng.integers(0, 2, 4))
    extended = np.concatenate([inputs, np.ones((6, 4, 1))], axis=-1)
    expected = sum((1 - fading) ** (5 - number) * part.T @ part for number, part in enumerate(extended))
    np.testing.assert_allclose(player.state().to_arrays()["1.group0.inputs"], expected, atol=1e-9)


def test_promises_fade():
    """A faded projector is smaller by the factor of each round; without fading nothing is lost."""
    rng = np.random.default_rng(4)
    network = build_network([3, 2], seed=0)
    players = [
        ENGINES["tensors"](Setup(network, KeepingPromises(kappa=5.0, fading=fading), learning_rate=0.1)) for fading in (0.0, 0.5)
    ]
    sample = rng.standard_normal((1, 3))
    for player in players:
        player.play(sample, np.array([0]))
        for _ in range(20):
            player.play(np.zeros((1, 3)), np.array([0]))  # the bias alone
    kept, faded = (player.state().to_arrays()["1.group0.projector"] for player in players)
    assert kept[0, 0] > 100 * abs(faded[0, 0])
    assert faded[3, 3] > 0.8  # what is still heard is still kept


@pytest.mark.parametrize("parameters", [{"penalty": 0.0}, {"penalty": -1.0}, {"fading": 1.0}, {"fading": -0.1}])
def test_parameters_out_of_range_are_refused(parameters):
    with pytest.raises(ConfigurationError, match=next(iter(parameters))):
        LeastSquares(**parameters)
