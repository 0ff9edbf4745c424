"""Attention-seeking against its closed forms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuronet.core.errors import NeuroNetError
from neuronet.core.utility import LogTotal, Measure, Power, Saturating
from neuronet.policies import AttentionSeeking
from neuronet.testing import Scene, glimpse
from neuronet.theory.inflation import inflated
from neuronet.theory.test_case import ENGINES, position

SCENES = st.builds(
    lambda seed, samples, neurons, listeners, sparse: Scene(
        (seed,), lengths={"B": samples, "J": neurons, "K": listeners}, sparse=sparse
    ),
    st.integers(0, 2**20),
    st.integers(1, 6),
    st.integers(1, 5),
    st.integers(1, 5),
    st.booleans(),
)


def slope_by_hand(p, attention):
    if attention == 0.0:
        return 0.0
    return abs(attention) ** (p - 1) * (1.0 if attention > 0 else -1.0)


def feedback_by_hand(p, foresight, seen):
    """Equation (1) for every sample and neuron, listener by listener."""
    samples, neurons = seen.activity.shape
    listeners = seen.attention.shape[0]
    feedback = np.zeros((samples, neurons))
    for x in range(samples):
        for j in range(neurons):
            for k in range(listeners):
                response = sum(seen.demand[y, k] * seen.activity[y, j] for y in range(samples)) / samples
                reckoned = response if seen.attention[k, j] else 0.0  # who does not listen does not respond
                expected = seen.attention[k, j] + foresight * seen.learning_rate * reckoned
                feedback[x, j] += slope_by_hand(p, expected) * seen.demand[x, k]
    return feedback


@given(SCENES, st.sampled_from([1, 1.5, 2, 2.0, 3, 7.5]), st.sampled_from([0, 0.3, 1]))
def test_feedback_is_equation_1(scene, p, foresight):
    seen = glimpse(scene)
    expected = feedback_by_hand(p, foresight, seen)
    np.testing.assert_allclose(AttentionSeeking(p, foresight).feedback(seen, {}), expected, rtol=1e-10, atol=1e-12)


@given(SCENES, st.sampled_from([1.5, 2.0, 3.0]))
def test_feedback_with_foresight_is_the_gradient_of_the_attention_to_come(scene, p):
    """By finite differences: move one thing a neuron says, and see what attention it holds after the response."""
    seen = glimpse(scene)
    listens = seen.attention != 0
    batch = seen.activity.shape[0]

    def to_come(activity):
        after = seen.attention + seen.learning_rate * (seen.demand.T @ activity / batch) * listens
        return np.sum(np.abs(after) ** p / p, axis=0)

    gradient = np.zeros_like(seen.activity)
    step = 1e-6
    for x in range(batch):
        move = np.zeros_like(seen.activity)
        move[x] = step
        gradient[x] = (to_come(seen.activity + move) - to_come(seen.activity - move)) / (2 * step)
    feedback = AttentionSeeking(p, foresight=1).feedback(seen, {})
    np.testing.assert_allclose(gradient, seen.learning_rate / batch * feedback, rtol=1e-4, atol=1e-8)


def test_p_1_counts_signs():
    seen = glimpse()
    np.testing.assert_array_equal(AttentionSeeking(p=1).weighing(seen, {}), np.sign(seen.attention))


@pytest.mark.parametrize("p", [2, 2.0])
def test_p_2_is_the_attention_itself_and_no_copy_is_made(p):
    seen = glimpse()
    assert AttentionSeeking(p).weighing(seen, {}) is seen.attention


def test_only_foresight_looks_at_the_response():
    assert AttentionSeeking(p=3).needs == frozenset()
    assert AttentionSeeking(foresight=0.1).needs == {"response"}


@pytest.mark.parametrize("p", [0.5, 0, -2, float("inf"), float("nan"), "2", None, 1j])
def test_bad_exponents_are_refused(p):
    with pytest.raises(NeuroNetError, match="measure exponent p must be a finite number of 1 or more, got "):
        AttentionSeeking(p=p)


@pytest.mark.parametrize("foresight", [-0.1, 1.1, float("nan"), float("inf"), "1", None])
def test_bad_foresight_is_refused(foresight):
    with pytest.raises(NeuroNetError, match="foresight must be a number from 0 to 1, got "):
        AttentionSeeking(foresight=foresight)


# What each measure makes of one neuron's attention (K,), written a second time for torch.
WORTH = {
    "power": lambda u, p: (u.abs() ** p / p).sum(),
    "log": lambda u, p: (1 + (u.abs() ** p / p).sum()).log(),
    "saturating": lambda u, p: (1 - 1 / (1 + u.abs() ** p / p)).sum(),
}


def gradient_to_come(seen, worth, *, foresight=1.0, volume="none"):
    """By autograd: the slope of each neuron's utility after the response in what it says, per eta / B, (B, J).

    volume: "none" for plain attention; scaled by the standard deviation, it is "fixed" if that is held fixed, else "moving".
    """
    activity = torch.tensor(seen.activity, requires_grad=True)
    attention, demand, there = (torch.tensor(each) for each in (seen.attention, seen.demand, seen.connected))
    response = there * (demand.T @ activity) / len(activity)
    # a myopic neuron takes the slope where attention is now
    expected = attention + seen.learning_rate * (response - (1 - foresight) * response.detach())
    if volume != "none":
        deviation = activity.std(dim=0, correction=0)
        expected = expected * (deviation.detach() if volume == "fixed" else deviation)
    utility = sum(worth(column) for column in expected.T)
    (gradient,) = torch.autograd.grad(utility, activity)
    return gradient.numpy() * len(activity) / seen.learning_rate


by_measure = pytest.mark.parametrize("measure", WORTH)
by_exponent = pytest.mark.parametrize("p", [1.5, 2.0, 3.0])


@by_measure
@by_exponent
@pytest.mark.parametrize("foresight", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("scaled", [False, True])
def test_feedback_is_the_gradient_by_autograd(measure, p, foresight, scaled):
    seen = glimpse(Scene(sparse=True))
    expected = gradient_to_come(seen, lambda u: WORTH[measure](u, p), foresight=foresight, volume="fixed" if scaled else "none")
    feedback = AttentionSeeking(p, foresight, measure, scaled).feedback(seen, {})
    np.testing.assert_allclose(feedback, expected, rtol=1e-9, atol=1e-12)


@by_measure
@by_exponent
def test_scaled_feedback_is_the_finite_difference_with_a_fixed_yardstick(measure, p):
    seen = glimpse()
    samples = len(seen.activity)
    yardstick = seen.activity.std(axis=0)

    def to_come(activity):
        after = yardstick * (seen.attention + seen.learning_rate * seen.demand.T @ activity / samples)
        return [float(WORTH[measure](torch.tensor(column), p)) for column in after.T]

    gradient = np.zeros_like(seen.activity)
    for x in range(samples):
        move = np.zeros_like(seen.activity)
        move[x] = 1e-5
        gradient[x] = np.subtract(to_come(seen.activity + move), to_come(seen.activity - move)) / 2e-5
    feedback = AttentionSeeking(p, 1, measure, scaled=True).feedback(seen, {})
    np.testing.assert_allclose(gradient, seen.learning_rate / samples * feedback, rtol=1e-4, atol=1e-8)


@by_exponent
def test_what_scaled_feedback_leaves_out_is_the_wish_to_speak_louder(p):
    """The whole slope has a second term: the neuron's own deviation from its mean, by a positive factor of the order 1 / eta."""
    seen = glimpse()
    whole = gradient_to_come(seen, lambda u: WORTH["power"](u, p), volume="moving")
    left_out = whole - AttentionSeeking(p, 1, scaled=True).feedback(seen, {})
    volume = seen.activity.std(axis=0)
    expected = seen.attention + seen.learning_rate * seen.demand.T @ seen.activity / len(seen.activity)
    gain = np.sum(np.abs(volume * expected) ** p, axis=0) / volume  # sum_k phi'(u) u for the power measure, divided by std
    louder = (seen.activity - seen.activity.mean(axis=0)) / volume
    np.testing.assert_allclose(left_out, gain * louder / seen.learning_rate, rtol=1e-8, atol=1e-10)


FACTOR = 3.0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
@by_measure
def test_speaking_louder_to_whom_it_pays_less_gains_a_neuron_nothing(measure, p, engine):
    """(c w_in, c b, w_out / c): its synapses are c times as large, and so is their change."""
    quiet = position([10, 16, 12, 4], "relu").played_by(AttentionSeeking(p, measure=measure, scaled=True))
    loud = inflated(quiet, FACTOR)
    before, after = (game.intents(engine)[0] for game in (quiet, loud))
    assert np.abs(before).max() > 0
    np.testing.assert_allclose(after, FACTOR * before, rtol=1e-10, atol=1e-14)
    worth = AttentionSeeking(p, measure=measure).worth
    notes = (quiet.notes(engine)[0], loud.notes(engine)[0])
    utilities = [worth.utility(np, note.attention * note.activity.std(axis=0)) for note in notes]
    np.testing.assert_allclose(utilities[1], utilities[0], rtol=1e-12)


def test_unscaled_it_would_change_less_the_louder_it_speaks():
    quiet = position([10, 16, 12, 4], "relu").played_by(AttentionSeeking())
    before, after = (game.intents("tensors")[0] for game in (quiet, inflated(quiet, FACTOR)))
    np.testing.assert_allclose(after, before / FACTOR, rtol=1e-10, atol=1e-14)


@dataclass(frozen=True)
class Cubed(Measure):
    """A measure of one's own."""

    def utility(self, xp, attention):
        return xp.sum(attention**4 / 4, axis=-2)

    def slope(self, xp, attention):
        return attention**3


@pytest.mark.parametrize(
    ("named", "given"),
    [
        (AttentionSeeking(3), Power(3)),
        (AttentionSeeking(3, measure="log"), LogTotal(3)),
        (AttentionSeeking(measure="saturating"), Saturating()),
        (AttentionSeeking(4), Cubed()),
    ],
    ids=repr,
)
def test_a_measure_can_be_given_instead_of_named(named, given):
    seen = glimpse()
    np.testing.assert_allclose(AttentionSeeking(measure=given).feedback(seen, {}), named.feedback(seen, {}), rtol=1e-12)


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"measure": "logs"}, "unknown measure 'logs': did you mean 'log'"),
        ({"measure": 2}, "measure must be a name or a Measure, got 2"),
        ({"measure": None}, "measure must be a name or a Measure, got None"),
        ({"measure": Power}, "measure must be a name or a Measure, got <class"),
        (
            {"p": 3, "measure": LogTotal()},
            r"p=3 goes with a measure's name: give LogTotal\(p=2.0, unit=1.0\) its exponent itself",
        ),
        ({"p": 0.5, "measure": "log"}, "measure exponent p must be a finite number of 1 or more, got 0.5"),
        ({"scaled": 1}, "scaled must be true or false, got 1"),
        ({"scaled": "yes"}, "scaled must be true or false, got 'yes'"),
    ],
)
def test_bad_measures_are_refused(parameters, complaint):
    with pytest.raises(NeuroNetError, match=complaint):
        AttentionSeeking(**parameters)
