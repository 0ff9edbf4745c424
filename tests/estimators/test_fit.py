"""Training by `fit`: the same as `neuronet.train`, labels and values of every kind, and what is refused."""

from __future__ import annotations

import inspect
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning

import neuronet
from neuronet import Greedy, NeuronClassifier, NeuronRegressor, Table, build_network
from neuronet.core import ConfigurationError, DataError, DivergedError, NeuroNetError
from neuronet.training import RunConfig
from tests.estimators.samples import arrays, blobs, plane

OPTIONS = {"hidden": (8,), "epochs": 4, "learning_rate": 0.05}

NOT_PARAMETERS = {
    "environment",  # the samples
    "target",
    "data_dir",
    "payoff",  # of classes, or of values
    "missing",  # scikit-learn has imputers
    "unseen",  # inputs are numbers
    "seed",  # random_state
    "replicas",  # an estimator is one network
    "checkpoint_every",  # nothing is written
    "alignment",  # measurements of a run
    "inequality",
    "trace",
    "monitor",  # early stopping has scikit-learn's parameters
    "patience",
}
OWN = {"network", "standardize", "early_stopping", "validation_fraction", "n_iter_no_change", "tol", "random_state"}


@pytest.mark.parametrize("cls", [NeuronClassifier, NeuronRegressor])
def test_every_option_of_a_run_is_a_parameter_with_the_same_default(cls):
    given = inspect.signature(cls).parameters
    assert set(given) - OWN == set(RunConfig.model_fields) - NOT_PARAMETERS
    config = neuronet.train(blobs(), epochs=1).config
    options = {name: given[name].default for name in set(given) - OWN - {"engine", "epochs", "dtype"}}
    same = neuronet.train(blobs(), epochs=1, **options).config
    assert same == config
    assert (given["epochs"].default, given["dtype"].default) == (RunConfig.model_fields["epochs"].default, "auto")


@pytest.mark.parametrize("engine", ["tensors", "agents"])
@pytest.mark.parametrize("samples", [blobs(), plane()], ids=["classes", "values"])
def test_fit_equals_a_run_on_the_same_samples(samples, engine):
    """The run has the standardisation, the order of the samples and the seed of the estimator."""
    options = OPTIONS | {"policy": "noisy(attention, sigma=0.1)", "optimizer": "adam", "engine": engine}
    cls = NeuronClassifier if samples[1].ndim == 1 else NeuronRegressor
    fitted = cls(**options, random_state=3).fit(*samples)
    run = neuronet.train(Table(*samples, test=(samples[0][:3], samples[1][:3])), seed=3, **options)
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(arrays(fitted), arrays_of(run), strict=True))
    assert fitted.loss_curve_ == run.metrics["train_loss"].tolist()
    assert fitted.n_iter_ == 4
    assert np.array_equal(fitted.predict(samples[0]), run.predict(samples[0]))


def arrays_of(run):
    return [*run.network.weights, *run.network.biases]


def test_texts_as_classes():
    inputs, numbers = blobs()
    names = np.array(["setosa", "versicolor", "virginica"])
    fitted = NeuronClassifier(**OPTIONS | {"epochs": 15}).fit(inputs, names[numbers])
    same = NeuronClassifier(**OPTIONS | {"epochs": 15}).fit(inputs, numbers * 10 - 7)
    assert fitted.classes_.tolist() == names.tolist()
    assert same.classes_.tolist() == [-7, 3, 13]
    assert np.array_equal(fitted.predict(inputs), names[same.predict(inputs) // 10 + 1])
    assert fitted.score(inputs, names[numbers]) > 0.9
    assert np.allclose(fitted.predict_proba(inputs).sum(axis=1), 1)


def test_decision_function_is_the_log_odds():
    inputs, numbers = blobs()
    several = NeuronClassifier(**OPTIONS).fit(inputs, numbers)
    assert np.array_equal(several.decision_function(inputs), several.model_.outputs(inputs))
    two = NeuronClassifier(**OPTIONS).fit(inputs, numbers > 0)
    odds = two.predict_proba(inputs)
    assert two.classes_.dtype == bool
    assert np.allclose(two.decision_function(inputs), np.log(odds[:, 1] / odds[:, 0]))


def test_values_are_predicted_in_their_own_units():
    inputs, targets = plane()
    fitted = NeuronRegressor(**OPTIONS | {"epochs": 30}).fit(inputs, targets)
    assert fitted.predict(inputs).shape == targets.shape
    assert fitted.score(inputs, targets) > 0.95
    single = NeuronRegressor(**OPTIONS).fit(inputs, targets[:, 0])
    assert single.predict(inputs).shape == (80,)
    with pytest.warns(DataConversionWarning, match="1d"):
        column = NeuronRegressor(**OPTIONS).fit(inputs, targets[:, :1])
    assert np.array_equal(column.predict(inputs), single.predict(inputs))


def test_columns_of_frames_are_known_by_name(tmp_path):
    inputs, numbers = blobs()
    frame = pd.DataFrame(inputs, columns=["length", "width", "height"])
    labels = pd.Series(np.array(["a", "b", "c"])[numbers])
    fitted = NeuronClassifier(**OPTIONS).fit(frame, labels)
    assert fitted.feature_names_in_.tolist() == ["length", "width", "height"]
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(frame[["width", "length", "height"]])
    model = neuronet.load(fitted.model_.save(tmp_path / "model.safetensors"))
    assert np.array_equal(model.predict(frame[["width", "length", "height"]]), fitted.predict(frame))


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_other_numbers_are_the_same_numbers(dtype):
    inputs, numbers = blobs()
    rounded = (inputs * 4).astype(dtype)
    fitted = NeuronClassifier(**OPTIONS).fit(rounded, numbers)
    same = NeuronClassifier(**OPTIONS).fit(rounded.astype(np.float64), numbers)
    assert np.array_equal(fitted.decision_function(rounded), same.decision_function(rounded.astype(np.float64)))


def test_without_standardisation_inputs_and_targets_stay_as_they_are():
    inputs, targets = plane()
    fitted = NeuronRegressor(**OPTIONS | {"learning_rate": 1e-9, "standardize": False}).fit(inputs, targets)
    first = fitted.loss_curve_[0]
    assert fitted.model_.encoding.scaling is None
    assert first == pytest.approx(np.mean(0.5 * targets[:, 0] ** 2), rel=0.01)


def test_initial_network_is_trained():
    inputs, numbers = blobs()
    network = build_network([3, 5, 4, 3], activation="tanh", seed=9)
    fitted = NeuronClassifier(network=network, epochs=2).fit(inputs, numbers)
    run = neuronet.train(Table(inputs, numbers, test=(inputs[:3], numbers[:3])), network=network, epochs=2, engine="tensors")
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(arrays(fitted), arrays_of(run), strict=True))
    with pytest.raises(ConfigurationError, match="hidden"):
        NeuronClassifier(network=network, hidden=(5, 4)).fit(inputs, numbers)


def test_random_state():
    inputs, numbers = blobs()

    def weights(state):
        return arrays(NeuronClassifier(**OPTIONS, random_state=state).fit(inputs, numbers))[0]

    rng = np.random.RandomState(1)
    assert np.array_equal(weights(5), weights(np.int64(5)))
    assert np.array_equal(weights(np.random.RandomState(1)), weights(rng))
    assert not np.array_equal(weights(rng), weights(rng))
    assert not np.array_equal(weights(None), weights(None))


def test_nothing_is_held_out_without_early_stopping():
    fitted = NeuronClassifier(**OPTIONS).fit(*blobs())
    assert fitted.result_.metrics[["test_loss", "test_accuracy"]].isna().all(axis=None)
    assert fitted.result_.accuracy is None
    assert fitted.model_.confusion is None
    assert fitted.model_.facts["test_accuracy"] is None
    assert fitted.validation_loss_curve_ is None


@pytest.mark.slow  # loads matplotlib
def test_learning_curves_can_be_drawn(tmp_path):
    for estimator in (NeuronClassifier(**OPTIONS), NeuronClassifier(**OPTIONS, early_stopping=True)):
        assert estimator.fit(*blobs()).result_.plot(tmp_path / "curves.png").exists()


def test_clone_and_pickle_keep_everything():
    inputs, numbers = blobs()
    more = {"channels": "demand:dropout(0.3)", "interventions": ("2: lesion(layer=1, share=0.2)",)}
    estimator = NeuronClassifier(Greedy(top=2), **OPTIONS, **more)
    assert clone(estimator).get_params() == estimator.get_params()
    fitted = estimator.fit(inputs, numbers)
    copy = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(copy.decision_function(inputs), fitted.decision_function(inputs))
    assert copy.result_.config == fitted.result_.config
    assert copy.result_.metrics.equals(fitted.result_.metrics)
    assert not hasattr(clone(fitted), "model_")


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("policy", "nonsense"),
        ("hidden", -1),
        ("epochs", 0),
        ("epochs", 2.5),
        ("batch_size", "32"),
        ("learning_rate", -1.0),
        ("lr_schedule", "steep"),
        ("optimizer", "adamant"),
        ("engine", "steam"),
        ("standardize", "yes"),
        ("early_stopping", 1),
        ("validation_fraction", 1.0),
        ("n_iter_no_change", 0),
        ("tol", -1e-4),
        ("random_state", -1),
        ("random_state", True),
        ("channels", "demand:magic"),
    ],
)
def test_parameters_are_checked_by_fit(parameter, value):
    estimator = NeuronClassifier().set_params(**{parameter: value})
    with pytest.raises(NeuroNetError, match=f"{parameter}|{str(value)[-5:]}"):
        estimator.fit(*blobs())
    assert not hasattr(estimator, "model_")


def test_samples_that_are_refused():
    inputs, numbers = blobs()
    masked = np.ma.masked_equal(inputs, inputs[3, 1])
    with pytest.raises(DataError, match="masked"):
        NeuronClassifier().fit(masked, numbers)
    with pytest.raises(DataError, match="masked"):
        NeuronRegressor().fit(inputs, masked[:, 1])
    with pytest.raises(TypeError, match="parse data"):
        NeuronClassifier().fit(csr_array(inputs), numbers)
    with pytest.raises(DataError, match="got 1 class: 7"):
        NeuronClassifier().fit(inputs, np.full(60, 7))
    with pytest.raises(DataError, match="1e\\+100"):
        NeuronRegressor().fit(inputs * 1e150, numbers)
    with pytest.raises(TypeError, match="sample_weight"):
        NeuronClassifier().fit(inputs, numbers, sample_weight=np.ones(60))


def test_tensors_are_arrays():
    inputs, numbers = blobs()
    ours = NeuronClassifier(**OPTIONS).fit(torch.tensor(inputs, requires_grad=True), torch.tensor(numbers))
    assert np.array_equal(ours.predict(torch.tensor(inputs)), NeuronClassifier(**OPTIONS).fit(inputs, numbers).predict(inputs))


def test_failed_fit_keeps_the_earlier_network():
    inputs, targets = plane()
    fitted = NeuronRegressor(**OPTIONS).fit(inputs, targets)
    before = fitted.predict(inputs)
    with pytest.raises(DivergedError, match="learning_rate"):
        fitted.set_params(learning_rate=1e6, epochs=20).fit(inputs, targets)
    assert np.array_equal(fitted.predict(inputs), before)
    assert len(fitted.loss_curve_) == fitted.n_iter_ == 4
