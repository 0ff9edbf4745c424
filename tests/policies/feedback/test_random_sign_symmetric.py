"""Random sign-symmetric feedback against torch's autograd with other weights on the way back, and against its distribution."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from neuronet.core.errors import NeuroNetError
from neuronet.core.random_streams import LayerRandom, RandomStream
from neuronet.policies import RandomSignSymmetric
from neuronet.testing import SyntheticLayer, example_observation
from tests.helpers.backward_rules import descend
from tests.helpers.engine_fixtures import BATCHES, ENGINES, SAMPLES, SIZES, game, play

ROUNDS, RATE, SEED = 20, 0.05, 4
WIDE = {"J": 40, "K": 200}


def batches():
    chosen = [SAMPLES.at(BATCHES.indices(number)) for number in range(ROUNDS)]
    return [(batch.inputs, batch.targets) for batch in chosen]


def layer_random(number=None, **sizes):
    """Return the random numbers of a layer of neurons: at birth, or in a round."""
    layer = LayerRandom(SEED, 1, sizes)
    if number is not None:
        layer.open(number, 1)
    return layer


def feedback_weights(policy, number=0, sparse=False, attention=None):
    """Return the feedback weights of a synthetic layer in a round, and its observation."""
    scene = SyntheticLayer(lengths=WIDE, sparse=sparse)
    obs = example_observation(scene)
    obs = obs.replace(
        draws=RandomStream(layer_random(number, **WIDE).draw), **({} if attention is None else {"attention": attention})
    )
    born = RandomStream(layer_random(**WIDE).draw)
    memory = policy.initial_memory(type("Birth", (), {"draws": born}))
    return policy.feedback_weights(obs, memory), obs


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("engine", ENGINES)
def test_errors_go_back_through_current_signs_and_random_magnitudes(engine, fixed):
    model = ENGINES[engine](game(RandomSignSymmetric(0.3, fixed), learning_rate=RATE, seed=SEED))
    play(model, ROUNDS)
    state = model.state()
    model.close()
    calls = []

    def back(layer, weight):
        """Draw the numbers of the speaking layer: element by element, a uniform law with the wanted deviation."""
        if layer == 0:
            return weight  # there is no layer below
        calls.append(layer)
        random = LayerRandom(SEED, layer, {"J": SIZES[layer], "K": SIZES[layer + 1]})
        if not fixed:
            random.open((len(calls) - 1) // 2, 1)
        drawn = random.draw("uniform", "magnitude", "JK").T
        root_mean_square = 0.3 / len(weight) ** 0.5
        quantile = stats.uniform(0, root_mean_square / (1 / 3) ** 0.5).ppf(drawn)
        return torch.copysign(torch.as_tensor(quantile), weight)

    weights, biases = descend(game(RandomSignSymmetric()).network, batches(), RATE, back)
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True), start=1):
        np.testing.assert_allclose(state.to_arrays()[f"{layer}.weights"], weight, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(state.to_arrays()[f"{layer}.bias"], bias, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_magnitudes_are_uniform_and_signs_those_of_the_attention(scale, fixed):
    weights, obs = feedback_weights(RandomSignSymmetric(scale, fixed))
    np.testing.assert_array_equal(np.sign(weights), np.sign(obs.attention))
    largest = scale * np.sqrt(3 / WIDE["K"])
    assert stats.kstest(np.abs(weights).ravel(), stats.uniform(0, largest).cdf).pvalue > 0.001
    assert np.sqrt(np.mean(weights**2)) == pytest.approx(scale / np.sqrt(WIDE["K"]), rel=0.03)


def test_magnitudes_are_drawn_in_every_round_unless_they_are_fixed():
    drawn, redrawn = (np.abs(feedback_weights(RandomSignSymmetric(), number)[0]) for number in (0, 1))
    assert abs(np.corrcoef(drawn.ravel(), redrawn.ravel())[0, 1]) < 0.05
    fixed, later = (feedback_weights(RandomSignSymmetric(fixed=True), number)[0] for number in (0, 1))
    np.testing.assert_array_equal(fixed, later)


def test_fixed_magnitudes_follow_a_change_of_sign():
    before, obs = feedback_weights(RandomSignSymmetric(fixed=True))
    flipped = np.where(np.arange(WIDE["K"])[:, None] % 2, obs.attention, -obs.attention)
    after, _ = feedback_weights(RandomSignSymmetric(fixed=True), attention=flipped)
    np.testing.assert_array_equal(after[1::2], before[1::2])
    np.testing.assert_array_equal(after[::2], -before[::2])


@pytest.mark.parametrize("fixed", [False, True])
def test_missing_listeners_have_zero_weight_and_do_not_count(fixed):
    weights, obs = feedback_weights(RandomSignSymmetric(fixed=fixed), sparse=True)
    listeners = obs.listener_mask.sum(axis=0)
    assert listeners.min() < listeners.max()
    np.testing.assert_array_equal(weights != 0, obs.listener_mask != 0)
    np.testing.assert_allclose((weights**2).sum(axis=0).mean(), 1, rtol=0.05)  # a sum over listeners of the mean square


def test_traits_depend_on_fixed():
    drawn, fixed = RandomSignSymmetric(), RandomSignSymmetric(fixed=True)
    assert (drawn.stochastic, fixed.stochastic) == (True, False)
    assert (dict(drawn.memory_axes), dict(fixed.memory_axes)) == ({}, {"magnitude": "JK"})
    assert drawn.needs == fixed.needs == frozenset()


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf"), "1", None])
def test_bad_scales_are_refused(scale):
    with pytest.raises(NeuroNetError, match="scale must be a finite number above 0, got "):
        RandomSignSymmetric(scale)


def test_bad_flag_is_refused():
    with pytest.raises(NeuroNetError, match="'once'"):
        RandomSignSymmetric(fixed="once")
