"""`speak` and `learn` together are `play`; `learn` alone is refused."""

from __future__ import annotations

import array_api_compat.numpy as xp
import numpy as np
import pytest

from neuronet.core.errors import DataError
from neuronet.core.payoff import CrossEntropy
from neuronet.policies import AttentionSeeking, Noisy
from tests.helpers import toys
from tests.helpers.engine_fixtures import ENGINES, SAMPLES, SIZES, game, identical, max_difference


@pytest.mark.parametrize("policy", [AttentionSeeking(), Noisy(), toys.Explorer(), toys.Saver()], ids=repr)
@pytest.mark.parametrize("name", ENGINES)
def test_speak_and_learn_equal_play(name, policy):
    whole, halves = ENGINES[name](game(policy)), ENGINES[name](game(policy))
    for _ in range(3):
        whole.play(SAMPLES.inputs, SAMPLES.targets)
        said = np.asarray(halves.speak(SAMPLES.inputs))
        payoff = CrossEntropy()
        halves.learn(payoff.feedback(xp, said, SAMPLES.targets), payoff.loss(xp, said, SAMPLES.targets))
    assert whole.round_number == halves.round_number == 3
    one, other = whole.state(), halves.state()
    assert max(np.abs(one.to_arrays()[key] - other.to_arrays()[key]).max() for key in one.to_arrays()) <= 1e-12


@pytest.mark.parametrize("name", ENGINES)
def test_learn_before_speak_is_refused(name):
    engine = ENGINES[name](game(toys.Backprop()))
    output_feedback, loss = np.zeros((4, SIZES[-1])), np.zeros(4)
    with pytest.raises(DataError, match="speak"):
        engine.learn(output_feedback, loss)
    engine.speak(SAMPLES.inputs[:4])
    engine.outputs(SAMPLES.inputs[:4])  # ends the pending round
    with pytest.raises(DataError, match="speak"):
        engine.learn(output_feedback, loss)


@pytest.mark.parametrize("output_feedback, loss", [((4, 2), (4,)), ((3, 3), (3,)), ((4, 3), (3,)), ((4, 3), (4, 1))])
@pytest.mark.parametrize("name", ENGINES)
def test_feedback_of_another_shape_is_refused(name, output_feedback, loss):
    engine = ENGINES[name](game(toys.Backprop()))
    before = engine.state()
    engine.speak(SAMPLES.inputs[:4])
    with pytest.raises(DataError, match=r"feedback must have the shape \(4, 3\) and loss \(4,\), got "):
        engine.learn(np.zeros(output_feedback), np.zeros(loss))
    assert identical(engine.state(), before)


@pytest.mark.parametrize("name", ENGINES)
def test_policies_observe_whether_they_learn(name):
    policy = toys.LearningFlagRecorder()
    engine = ENGINES[name](game(policy))
    engine.outputs(SAMPLES.inputs)
    assert set(policy.noted) == {False}
    policy.noted.clear()
    engine.play(SAMPLES.inputs, SAMPLES.targets)
    assert set(policy.noted) == {True}


@pytest.mark.parametrize("policy", [AttentionSeeking(foresight=1.0), Noisy()], ids=repr)
@pytest.mark.parametrize("name", ENGINES)
def test_lr_factor_scales_the_learning_rate(name, policy):
    """Also in what a policy with foresight sees of it."""
    slow, halved = ENGINES[name](game(policy, learning_rate=0.03)), ENGINES[name](game(policy, learning_rate=0.06))
    halved.set_lr_factor(0.5)
    for engine in (slow, halved):
        engine.play(SAMPLES.inputs, SAMPLES.targets)
        engine.play_rounds(engine.prepare(SAMPLES), np.arange(len(SAMPLES)), 7)
    assert max_difference(slow.state(), halved.state()) <= 1e-15
    halved.set_lr_factor(1.0)
    halved.play(SAMPLES.inputs, SAMPLES.targets)
    slow.play(SAMPLES.inputs, SAMPLES.targets)
    assert max_difference(slow.state(), halved.state()) > 1e-6
