"""Models predict what their run's network says, in the units of the data, and refuse data that do not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import softmax

import neuronet
from neuronet.core import ConfigurationError, DataError
from neuronet.environments import Digits
from neuronet.environments.images.images import Images
from neuronet.models import Model

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(90, 3)) * [1.0, 10.0, 100.0] + 5.0
CLASSES = np.where(INPUTS[:, 0] + INPUTS[:, 1] / 10 > 5.5, "yes", "no")
VALUES = INPUTS @ RNG.normal(size=(3, 2)) + 1000.0
QUICK = {"hidden": [5], "epochs": 4}


@pytest.fixture(scope="module")
def classified():
    return neuronet.train((INPUTS, CLASSES), **QUICK)


@pytest.fixture(scope="module")
def regressed():
    return neuronet.train((INPUTS, VALUES), **QUICK)


def test_outputs_are_those_of_layers_written_out(classified):
    """An oracle without engines: standardise by the training samples, then two layers."""
    environment, network = neuronet.Table(INPUTS, CLASSES), classified.network
    scaled = (INPUTS - environment.encoding.scaling.mean) / environment.encoding.scaling.deviation
    hidden = np.maximum(scaled @ network.weights[0].T + network.biases[0], 0)
    expected = hidden @ network.weights[1].T + network.biases[1]
    np.testing.assert_allclose(classified.model.outputs(INPUTS), expected, rtol=1e-12)


def test_predictions_are_classes_of_the_data(classified):
    probabilities = classified.predict_proba(INPUTS)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert classified.model.classes.tolist() == ["no", "yes"]
    expected = np.where(probabilities[:, 1] > probabilities[:, 0], "yes", "no")
    assert classified.predict(INPUTS).tolist() == expected.tolist()
    assert classified.score(INPUTS, CLASSES) == np.mean(expected == CLASSES)


def test_predicted_values_have_the_units_of_the_data(regressed):
    predictions = regressed.predict(INPUTS)
    assert predictions.shape == (90, 2)
    assert np.abs(predictions.mean(axis=0) / VALUES.mean(axis=0) - 1).max() < 0.05
    residual = ((predictions - VALUES) ** 2).sum(axis=0) / ((VALUES - VALUES.mean(axis=0)) ** 2).sum(axis=0)
    assert regressed.score(INPUTS, VALUES) == pytest.approx(1 - residual.mean())
    with pytest.raises(ConfigurationError, match="values have no probabilities"):
        regressed.predict_proba(INPUTS)


def test_a_single_value_has_one_axis():
    result = neuronet.train((INPUTS, VALUES[:, 0]), **QUICK)
    assert result.predict(INPUTS).shape == (90,)
    assert result.score(INPUTS, VALUES[:, 0]) <= 1


def test_accuracy_of_the_run_is_that_of_its_predictions():
    result = neuronet.train("digits", hidden=[8], epochs=1)
    test = Digits().test
    predicted = result.model.encoding.classes[softmax(engine_outputs(result.model, test)).argmax(axis=1)]
    assert result.accuracy == pytest.approx(np.mean(predicted == test.targets))
    confusion = result.model.confusion
    assert confusion.sum() == len(test)
    assert confusion.sum(axis=1).tolist() == np.bincount(test.targets).tolist()
    assert confusion.trace() / confusion.sum() == pytest.approx(result.accuracy)


def engine_outputs(model, samples):
    """Outputs for inputs that are standardised already."""
    scaling = model.encoding.scaling
    return model.outputs(samples.scaled().inputs * scaling.deviation + scaling.mean)


def test_images_are_given_as_bytes():
    images = RNG.integers(0, 256, (60, 4, 4)).astype(np.uint8)
    result = neuronet.train(Images((images, np.arange(60) % 3), classes=("a", "b", "c")), **QUICK)
    assert set(result.predict(images)) <= {"a", "b", "c"}
    np.testing.assert_array_equal(result.predict_proba(images), result.predict_proba(images.reshape(60, 16)))


def test_silenced_neurons_stay_silent():
    result = neuronet.train((INPUTS, CLASSES), **QUICK)
    model, hidden = result.model, result.network.nodes[1]
    silent = Model(replace(model.setup, silent=frozenset(hidden.tolist())), model.encoding)
    np.testing.assert_allclose(silent.outputs(INPUTS), np.tile(result.network.biases[1], (90, 1)))


@pytest.mark.parametrize("policy", ["reinforce", "weight-maximization"])
def test_neurons_that_fire_at_random_repeat_themselves(policy):
    model = neuronet.train((INPUTS, CLASSES), policy=policy, **QUICK).model
    np.testing.assert_array_equal(model.outputs(INPUTS), model.outputs(INPUTS))
    with pytest.raises(ConfigurationError, match="fire at random"):
        model.to_torch()


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "tanh", "sigmoid", "gelu", "identity"])
def test_torch_modules_give_the_same_outputs(activation):
    model = neuronet.train((INPUTS, CLASSES), activation=activation, connectivity="sparse(0.6)", hidden=[6, 5], epochs=2).model
    outputs = model.to_torch()(torch.from_numpy(INPUTS)).detach().numpy()
    np.testing.assert_allclose(outputs, model.outputs(INPUTS), rtol=1e-9, atol=1e-12)


def test_torch_modules_have_no_channels():
    model = neuronet.train((INPUTS, CLASSES), channels="activity:k-winners(0.5)", **QUICK).model
    with pytest.raises(ConfigurationError, match="channels"):
        model.to_torch()


def test_every_replica_has_a_model():
    result = neuronet.train((INPUTS, CLASSES), replicas=3, engine="tensors", **QUICK)
    outputs = [model.outputs(INPUTS) for model in result.models]
    single = neuronet.train((INPUTS, CLASSES), seed=1, engine="tensors", **QUICK)
    np.testing.assert_allclose(outputs[1], single.model.outputs(INPUTS), rtol=1e-9)
    assert np.abs(outputs[0] - outputs[1]).max() > 1e-3


@pytest.mark.parametrize(
    ("inputs", "fragment"),
    [
        (INPUTS[:, :2], r"shape \(samples, 3\), got \(90, 2\)"),
        (INPUTS[0], r"shape \(samples, 3\), got \(3,\)"),
        (np.where(INPUTS[7, 1] == INPUTS, np.nan, INPUTS), "row 7, column 1 is nan"),
        (INPUTS.astype(complex), "real numbers, got complex128"),
        ([["a", "b", "c"]], "real numbers, got <U1"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(classified, inputs, fragment):
    with pytest.raises(DataError, match=fragment):
        classified.predict(inputs)


def test_classes_that_are_unknown_are_refused(classified):
    with pytest.raises(DataError, match="does not know the class 'maybe': its classes are no, yes"):
        classified.score(INPUTS[:2], ["yes", "maybe"])
    with pytest.raises(DataError, match=r"shape \(2,\) of the predictions, got \(3,\)"):
        classified.score(INPUTS[:2], ["yes", "no", "no"])


def test_no_samples_give_no_predictions(classified):
    assert classified.predict(INPUTS[:0]).shape == (0,)
    assert classified.predict_proba(INPUTS[:0]).shape == (0, 2)


def test_frames_of_models_without_names_are_taken_in_their_order(classified):
    frame = pd.DataFrame(INPUTS, columns=["c", "a", "b"])
    np.testing.assert_array_equal(classified.predict(frame), classified.predict(INPUTS))
