"""Continued training: epoch by epoch, on the same samples or on others."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuronet import AttentionSeeking, CrossEntropy, Momentum, NeuronClassifier, NeuronRegressor, Setup, build_network
from neuronet.core import Batches, ConfigurationError, DataError, DivergedError, Samples
from neuronet.engines.tensors import TensorEngine
from tests.estimators.samples import arrays, blobs, plane

OPTIONS = {"hidden": (6,), "learning_rate": 0.05, "batch_size": 16}


def equal(one, other):
    return all(np.array_equal(ours, theirs) for ours, theirs in zip(arrays(one), arrays(other), strict=True))


@settings(max_examples=8)
@given(
    epochs=st.integers(1, 3),
    batch_size=st.sampled_from([7, 60, 64]),
    policy=st.sampled_from(["attention", "noisy(greedy(top=2), sigma=0.3)", "keeping-promises", "reinforce"]),
    optimizer=st.sampled_from(["sgd", "momentum", "adam"]),
    channels=st.sampled_from([(), "demand:dropout(0.3)", "demand:delay(2)"]),
)
def test_calls_on_the_same_samples_equal_a_fit(epochs, batch_size, policy, optimizer, channels):
    """With a constant learning rate, to the bit; random numbers, velocities and memories go on."""
    options = OPTIONS | {"policy": policy, "optimizer": optimizer, "batch_size": batch_size, "channels": channels}
    inputs, numbers = blobs()
    whole = NeuronClassifier(**options, epochs=epochs, lr_schedule="constant").fit(inputs, numbers)
    parts = NeuronClassifier(**options)
    for _ in range(epochs):
        parts.partial_fit(inputs, numbers, classes=[0, 1, 2])
    assert equal(parts, whole)
    assert parts.loss_curve_ == whole.loss_curve_
    assert parts.result_.rounds == whole.result_.rounds


def test_agents_go_on_as_tensors_do():
    inputs, targets = plane()
    agents, tensors = (NeuronRegressor(**OPTIONS, policy="noisy(attention)", engine=engine) for engine in ("agents", "tensors"))
    for part in (slice(0, 30), slice(30, 80)):
        for estimator in (agents, tensors):
            estimator.partial_fit(inputs[part], targets[part])
    assert all(np.allclose(ours, theirs, atol=1e-9) for ours, theirs in zip(arrays(agents), arrays(tensors), strict=True))
    switched = pickle.loads(pickle.dumps(agents)).set_params(engine="tensors").partial_fit(inputs, targets)
    agents.partial_fit(inputs, targets)
    assert np.allclose(switched.predict(inputs), agents.predict(inputs))


def test_other_samples_are_played_after_those_before():
    """Against an engine that is driven by hand."""
    inputs, numbers = blobs(90)
    parts = [slice(0, 50), slice(50, 60), slice(60, 90)]
    fitted = NeuronClassifier(**OPTIONS, random_state=4)
    for part in parts:
        fitted.partial_fit(inputs[part], numbers[part], classes=[0, 1, 2])

    mean, deviation = inputs[parts[0]].mean(axis=0), inputs[parts[0]].std(axis=0)
    engine = TensorEngine(Setup(build_network([3, 6, 3], seed=4), AttentionSeeking(), Momentum(), 0.05, CrossEntropy(), 4))
    losses = []
    for epoch, part in enumerate(parts):
        samples = engine.prepare(Samples((inputs[part] - mean) / deviation, numbers[part]))
        order = Batches(len(numbers[part]), 16, (4,)).order(epoch)
        losses.append(float(engine.play_rounds(samples, order, 16).sum()) / len(order))
    network = engine.network()
    assert all(
        np.allclose(ours, theirs, atol=1e-12)
        for ours, theirs in zip(arrays(fitted), [*network.weights, *network.biases], strict=True)
    )
    assert np.allclose(fitted.loss_curve_, losses)
    assert fitted.result_.rounds == engine.round_number == 4 + 1 + 2
    assert fitted.n_iter_ == 3


def test_training_goes_on_after_fit_and_after_pickling():
    inputs, numbers = blobs()
    fitted = NeuronClassifier(**OPTIONS, epochs=3).fit(inputs, np.array(["a", "b", "c"])[numbers])
    copy = pickle.loads(pickle.dumps(fitted))
    for estimator in (fitted, copy):
        estimator.partial_fit(inputs[:2], ["b", "a"]).partial_fit(inputs[:2], ["b", "a"], classes=["a", "b", "c"])
    assert equal(fitted, copy)
    assert fitted.n_iter_ == 5
    assert fitted.classes_.tolist() == ["a", "b", "c"]
    assert fitted.fit(inputs, numbers).n_iter_ == 3  # from the beginning


def test_learning_rate_may_change():
    inputs, numbers = blobs()
    fitted = NeuronClassifier(**OPTIONS | {"optimizer": "sgd"}).partial_fit(inputs, numbers, classes=[0, 1, 2])
    before = arrays(fitted)
    fitted.set_params(learning_rate=1e-12).partial_fit(inputs, numbers)
    assert all(np.allclose(ours, theirs, atol=1e-9) for ours, theirs in zip(before, arrays(fitted), strict=True))


def test_lesions_of_a_fit_last():
    inputs, numbers = blobs()
    fitted = NeuronClassifier(**OPTIONS, epochs=3, interventions="1: lesion(layer=1, share=0.5)").fit(inputs, numbers)
    silent = sorted(fitted.model_.setup.silent)
    before = fitted.model_.network.weights[0].copy()
    assert len(silent) == 3
    with pytest.raises(ConfigurationError, match="interventions"):
        fitted.partial_fit(inputs, numbers)
    fitted.set_params(interventions=()).partial_fit(inputs, numbers)
    assert sorted(fitted.model_.setup.silent) == silent
    unchanged = (fitted.model_.network.weights[0] == before).all(axis=1)
    assert np.flatnonzero(unchanged).tolist() == [node - 3 for node in silent]


@pytest.mark.parametrize(
    "change",
    [
        {"policy": "greedy"},
        {"hidden": (7,)},
        {"optimizer": "sgd"},
        {"random_state": 1},
        {"standardize": False},
        {"early_stopping": True},
        {"channels": "demand:dropout(0.3)"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_shapes_the_game_cannot_change(change):
    inputs, numbers = blobs()
    fitted = NeuronClassifier(**OPTIONS, epochs=1).fit(inputs, numbers).set_params(**change)
    with pytest.raises(ConfigurationError, match=next(iter(change))):
        fitted.partial_fit(inputs, numbers)
    assert fitted.n_iter_ == 1


def test_classes_are_those_of_the_first_call():
    inputs, numbers = blobs()
    fresh = NeuronClassifier(**OPTIONS)
    with pytest.raises(DataError, match="classes="):
        fresh.partial_fit(inputs, numbers)
    with pytest.raises(DataError, match="class 2"):
        fresh.partial_fit(inputs, numbers, classes=[0, 1])
    with pytest.raises(DataError, match="got 1 class"):
        fresh.partial_fit(inputs, numbers, classes=[0, 0])
    fresh.partial_fit(inputs[:1], numbers[:1], classes=[5, 0, 2, 1])
    assert fresh.classes_.tolist() == [0, 1, 2, 5]
    with pytest.raises(DataError, match="0, 1, 2, 5"):
        fresh.partial_fit(inputs, numbers, classes=[0, 1, 2])
    with pytest.raises(DataError, match="class 3"):
        fresh.partial_fit(inputs, numbers + 1)
    with pytest.raises(DataError, match="class '0'"):
        fresh.partial_fit(inputs, numbers.astype(str))


def test_number_of_values_is_that_of_the_first_call():
    inputs, targets = plane()
    fitted = NeuronRegressor(**OPTIONS).partial_fit(inputs, targets)
    with pytest.raises(DataError, match="2 values"):
        fitted.partial_fit(inputs, targets[:, 0])


def test_failed_call_leaves_the_training_as_it_was():
    inputs, targets = plane()
    fitted = NeuronRegressor(**OPTIONS).partial_fit(inputs, targets)
    same = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(DivergedError):
        fitted.set_params(learning_rate=1e300).partial_fit(inputs, targets)
    fitted.set_params(learning_rate=0.05).partial_fit(inputs, targets)
    assert equal(fitted, same.partial_fit(inputs, targets))
