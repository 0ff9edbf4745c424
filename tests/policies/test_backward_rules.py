"""Sign-symmetric, random and direct feedback against torch's autograd with another way back, round after round."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neuronet.core.errors import NeuroNetError
from neuronet.policies import AttentionSeeking, DirectFeedback, RandomFeedback, SignSymmetric
from neuronet.testing import SyntheticLayer, example_observation
from tests.helpers.backward_rules import descend, descend_directly
from tests.helpers.engine_fixtures import BATCHES, ENGINES, SAMPLES, game, play

ROUNDS, RATE = 20, 0.05
SETUP = {"learning_rate": RATE}


def batches():
    """What the engines are given in these rounds."""
    chosen = [SAMPLES.at(BATCHES.indices(number)) for number in range(ROUNDS)]
    return [(batch.inputs, batch.targets) for batch in chosen]


def played(policy, engine):
    """What the network and the memory have come to, and what the memory was at birth."""
    model = ENGINES[engine](game(policy, **SETUP))
    born = model.state().to_arrays()
    play(model, ROUNDS)
    state = model.state()
    model.close()
    return born, state


def assert_same(state, weights, biases):
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True), start=1):
        np.testing.assert_allclose(state.to_arrays()[f"{layer}.weights"], weight, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(state.to_arrays()[f"{layer}.bias"], bias, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("engine", ENGINES)
def test_reference_with_symmetric_weights_is_backpropagation(engine):
    _, state = played(AttentionSeeking(), engine)
    assert_same(state, *descend(game(AttentionSeeking()).network, batches(), RATE, lambda layer, weight: weight))


@pytest.mark.parametrize("scale", [1.0, 0.3])
@pytest.mark.parametrize("engine", ENGINES)
def test_sign_symmetric_sends_errors_back_through_signs(engine, scale):
    _, state = played(SignSymmetric(scale), engine)
    back = lambda layer, weight: scale * torch.sign(weight) / len(weight) ** 0.5  # noqa: E731
    assert_same(state, *descend(game(SignSymmetric()).network, batches(), RATE, back))


@pytest.mark.parametrize("scale", [1.0, 0.3])
@pytest.mark.parametrize("engine", ENGINES)
def test_random_feedback_sends_errors_back_through_initial_weights(engine, scale):
    born, state = played(RandomFeedback(scale), engine)

    def back(layer, weight):
        if layer == 0:
            return weight  # there is no layer below
        fixed = torch.as_tensor(born[f"{layer}.group0.feedback"])  # (J, K)
        return scale * fixed.T / len(weight) ** 0.5

    assert_same(state, *descend(game(RandomFeedback()).network, batches(), RATE, back))


@pytest.mark.parametrize("engine", ENGINES)
def test_direct_feedback_sends_the_outputs_error_to_every_layer(engine):
    born, state = played(DirectFeedback(), engine)
    direct = [born["1.group0.direct"], born["2.group0.direct"]]
    assert_same(state, *descend_directly(game(DirectFeedback()).network, batches(), RATE, direct))


@pytest.mark.parametrize(("policy", "name"), [(RandomFeedback(), "feedback"), (DirectFeedback(), "direct")])
def test_initial_feedback_weights_stay_constant(policy, name):
    born, state = played(policy, "tensors")
    for layer in (1, 2):
        np.testing.assert_array_equal(state.to_arrays()[f"{layer}.group0.{name}"], born[f"{layer}.group0.{name}"])


@pytest.mark.parametrize("policy", [RandomFeedback(2.0), DirectFeedback(2.0), SignSymmetric(2.0)], ids=repr)
def test_feedback_is_as_large_as_scale_times_one_demand(policy):
    """Independent demands of size 1, many listeners, neurons and outputs: the root mean square is known."""
    wide = {"B": 50, "J": 40, "K": 200, "O": 200}
    scene = SyntheticLayer(lengths=wide)
    obs = example_observation(scene)
    rng = np.random.default_rng(5)

    class StubBirth:
        class draws:  # noqa: N801
            normal = staticmethod(lambda name, axes: rng.standard_normal([wide[letter] for letter in axes]))

    feedback = policy.feedback(obs, policy.initial_memory(StubBirth()) if policy.memory_axes else {})
    assert np.sqrt(np.mean(feedback**2)) == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("policy", [RandomFeedback(), SignSymmetric()], ids=repr)
def test_missing_listeners_have_zero_weight(policy):
    scene = SyntheticLayer(sparse=True)
    obs = example_observation(scene)
    listeners = obs.listener_mask.sum(axis=0)
    assert listeners.min() < listeners.max()
    ones = np.ones((scene.lengths["J"], scene.lengths["K"]))
    feedback_weights = policy.feedback_weights(obs, {"feedback": ones})
    np.testing.assert_allclose(np.abs(feedback_weights), obs.listener_mask / np.sqrt(listeners))


def test_sign_symmetric_direction_equals_p_1():
    obs = example_observation(SyntheticLayer(sparse=True))
    ours, theirs = SignSymmetric().feedback_weights(obs, {}), AttentionSeeking(p=1).feedback_weights(obs, {})
    np.testing.assert_allclose(ours * np.sqrt(obs.listener_mask.sum(axis=0)), theirs)


def test_only_direct_feedback_needs_a_broadcast():
    assert DirectFeedback().needs == {"broadcast"}
    assert RandomFeedback().needs == SignSymmetric().needs == frozenset()


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf"), "1", None])
@pytest.mark.parametrize("policy", [DirectFeedback, RandomFeedback, SignSymmetric])
def test_bad_scales_are_refused(policy, scale):
    with pytest.raises(NeuroNetError, match="scale must be a finite number above 0, got "):
        policy(scale)


def test_attention_aligns_with_random_feedback():
    """Feedback alignment proper: the attention paid turns towards the fixed numbers, although these are not sent."""
    model = ENGINES["tensors"](game(RandomFeedback(), learning_rate=0.2))

    def agreement():
        arrays = model.state().to_arrays()
        fixed, paid = arrays["2.group0.feedback"].ravel(), arrays["3.weights"].T.ravel()
        return fixed @ paid / np.linalg.norm(fixed) / np.linalg.norm(paid)

    before = agreement()
    play(model, 300)
    after = agreement()
    model.close()
    assert after > before + 0.3
