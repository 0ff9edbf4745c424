"""Methods with a closed form, against scikit-learn and short scripts of numpy that share no code with them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge as SklearnRidge

from neuronet.continual.methods.analytic import SLDA, RanPAC, Ridge
from neuronet.continual.methods.base import Batch
from neuronet.continual.methods.finetuning import Backprop
from neuronet.core import ConfigurationError
from tests.continual.fixtures import SEEDS, batches, class_experiment, learner_config, make_experiment, task_info, train_tasks


def all_samples(experiment, tasks, replica):
    """Return the inputs and targets of every round of the first tasks, as one array each."""
    rounds = [batch for number in range(tasks) for batch in batches(experiment, number)]
    inputs, targets = (np.concatenate([getattr(b, name)[replica].numpy() for b in rounds]) for name in ("inputs", "targets"))
    return inputs, targets


def random_relus(network, inputs):
    """Return the hidden activities of a network with one hidden layer of relus."""
    return np.maximum(inputs @ network.weights[0].T + network.biases[0], 0.0)


@pytest.mark.parametrize("experiment", [make_experiment(), class_experiment()], ids=["task-id", "no-task-id"])
def test_ridge_equals_sklearn_and_the_normal_equations(experiment):
    learner = train_tasks(Ridge(features=40, penalty=3.0).learner(learner_config(experiment)), experiment, 3)
    test = task_info(experiment, 0).dataset.take([np.arange(10)] * 2)[0]
    found = learner.outputs(test).numpy()
    for replica, network in enumerate(learner.networks()):
        inputs, targets = all_samples(experiment, 3, replica)
        features, answers = random_relus(network, inputs), np.eye(6)[targets]
        features = np.hstack([features, np.ones((len(features), 1))])
        asked = np.hstack([random_relus(network, test[replica].numpy()), np.ones((10, 1))])
        sklearn = SklearnRidge(alpha=3.0, fit_intercept=False).fit(features, answers).predict(asked)
        normal = asked @ np.linalg.solve(features.T @ features + 3.0 * np.eye(41), features.T @ answers)
        np.testing.assert_allclose(found[replica], sklearn, atol=1e-6)
        np.testing.assert_allclose(found[replica], normal, atol=1e-6)
        outputs = random_relus(network, test[replica].numpy()) @ network.weights[1].T + network.biases[1]
        np.testing.assert_allclose(outputs, normal, atol=1e-6)


def test_slda_equals_sklearn():
    """Classes with equally many samples, whose priors are equal."""
    experiment = class_experiment()
    learner = SLDA(features=12, shrinkage=0.2).learner(learner_config(experiment))
    rng = np.random.default_rng(0)
    targets = rng.permuted(np.tile(np.repeat(np.arange(6), 30), (2, 1)), axis=1)
    prototypes = rng.normal(size=(6, 25))
    inputs = prototypes[targets] + rng.normal(size=(2, 180, 25))
    for part in np.split(np.arange(180), 9):
        learner.train_batch(Batch(torch.tensor(inputs[:, part]), torch.tensor(targets[:, part]), None))
    found = learner.outputs(torch.tensor(inputs)).numpy()
    for replica, network in enumerate(learner.networks()):
        features = random_relus(network, inputs[replica])
        lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.2, priors=np.full(6, 1 / 6)).fit(features, targets[replica])
        means = np.stack([features[targets[replica] == k].mean(axis=0) for k in range(6)])
        centred = features - means[targets[replica]]
        covariance = centred.T @ centred / 180
        shrunk = 0.8 * covariance + 0.2 * np.trace(covariance) / 12 * np.eye(12)
        np.testing.assert_allclose(lda.covariance_, shrunk, atol=1e-9)
        expected = lda.decision_function(features)
        differences = found[replica] - found[replica][:, :1]
        np.testing.assert_allclose(differences, expected - expected[:, :1], atol=1e-6)


def test_slda_never_answers_with_a_class_without_samples():
    experiment = class_experiment()
    learner = train_tasks(SLDA(features=10).learner(learner_config(experiment)), experiment, 1)
    inputs = task_info(experiment, 1).dataset.take([np.arange(5)] * 2)[0]
    active = task_info(experiment, 0).active_classes
    answers = learner.outputs(inputs).argmax(dim=-1)
    assert torch.gather(active.expand(-1, 5, -1), 2, answers[..., None]).all()
    fresh = SLDA(features=10).learner(learner_config(experiment))
    assert fresh.outputs(inputs).isfinite().all()


def test_ranpac_is_ridge_on_random_relus_of_the_first_tasks_trunk():
    experiment = class_experiment(activation="relu")
    learner = train_tasks(RanPAC(features=30, penalty=2.0).learner(learner_config(experiment)), experiment, 3)
    trunk = train_tasks(Backprop().learner(learner_config(experiment)), experiment, 1)
    for replica, (network, trained) in enumerate(zip(learner.networks(), trunk.networks(), strict=True)):
        np.testing.assert_allclose(network.weights[0], trained.weights[0], atol=1e-12)
        first = experiment.sequence(SEEDS[replica])[0].train
        later, more = all_samples(experiment, 3, replica)
        skipped = len(all_samples(experiment, 1, replica)[1])
        inputs = np.concatenate([first.scaled().inputs, later[skipped:]])
        targets = np.concatenate([first.targets, more[skipped:]])
        hidden = np.maximum(inputs @ network.weights[0].T + network.biases[0], 0.0)
        features = np.maximum(hidden @ network.weights[1].T + network.biases[1], 0.0)
        features = np.hstack([features, np.ones((len(features), 1))])
        readout = np.linalg.solve(features.T @ features + 2.0 * np.eye(31), features.T @ np.eye(6)[targets])
        np.testing.assert_allclose(network.weights[2], readout[:-1].T, atol=1e-7)
        np.testing.assert_allclose(network.biases[2], readout[-1], atol=1e-7)


def test_order_of_the_samples_makes_no_difference():
    experiment = class_experiment()
    first, second = (Ridge(features=15).learner(learner_config(experiment)) for _ in range(2))
    rounds = [batch for number in range(3) for batch in batches(experiment, number)]
    for batch in rounds:
        first.train_batch(batch)
    for batch in reversed(rounds):
        second.train_batch(batch)
    torch.testing.assert_close(first.readout(), second.readout(), rtol=1e-9, atol=1e-12)


@given(st.integers(200, 10**8), st.integers(1, 20))
@settings(max_examples=50)
def test_memory_decides_the_number_of_features(memory, outputs):
    """As many features as fit: one more would not."""
    if memory < 8 * (2 + outputs):
        with pytest.raises(ConfigurationError, match="memory"):
            Ridge(memory=memory).feature_count(outputs)
        return
    rows = Ridge(memory=memory).feature_count(outputs) + 1
    assert 4 * rows * (rows + outputs) <= memory < 4 * (rows + 1) * (rows + 1 + outputs)


def test_kept_bytes_are_those_of_the_sums():
    experiment = make_experiment(dtype="float32")
    for method in (Ridge(memory=5000), SLDA(memory=5000), RanPAC(memory=5000)):
        learner = train_tasks(method.learner(learner_config(experiment)), experiment, 2)
        rows = method.feature_count(6) + 1
        assert learner.kept_bytes() == len(SEEDS) * 4 * rows * (rows + 6) <= len(SEEDS) * 5000
