from __future__ import annotations

import math

import array_api_compat.numpy as xp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuronet.core.errors import NeuroNetError
from neuronet.core.payoff import PAYOFFS, BalancedCrossEntropy, CrossEntropy, SquaredError, parse_payoff
from neuronet.engines.tensors.kernels.loss import loss_function_for
from tests.helpers.backends import BACKENDS, array, plain

by_backend = pytest.mark.parametrize("backend", BACKENDS)

LEADS = [(7,), (3, 7), (2, 3, 7)]
by_lead = pytest.mark.parametrize("lead", LEADS)


def a_batch(lead: tuple[int, ...], scale: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(len(lead))
    return scale * rng.standard_normal((*lead, 5)), rng.integers(0, 5, lead)


def asked_torch(loss_of, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each sample's loss, and minus its slope by the outputs."""
    z = torch.tensor(outputs, requires_grad=True)
    loss = loss_of(z)
    (slope,) = torch.autograd.grad(loss.sum(), z)
    return loss.detach().numpy(), -slope.numpy()


def cross_entropy(outputs: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    def loss(z):
        flat = torch.nn.functional.cross_entropy(z.reshape(-1, z.shape[-1]), torch.tensor(targets).reshape(-1), reduction="none")
        return flat.reshape(z.shape[:-1])

    return asked_torch(loss, outputs)


@by_backend
@by_lead
def test_cross_entropy_equals_that_of_torch(backend, lead):
    xp = BACKENDS[backend]
    outputs, targets = a_batch(lead)
    loss, feedback = cross_entropy(outputs, targets)
    z, y = array(xp, outputs), array(xp, targets)
    np.testing.assert_allclose(plain(CrossEntropy().loss(xp, z, y)), loss, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(plain(CrossEntropy().feedback(xp, z, y)), feedback, rtol=1e-13, atol=1e-15)


@by_backend
@by_lead
def test_squared_error_equals_that_of_torch(backend, lead):
    xp = BACKENDS[backend]
    outputs, _ = a_batch(lead)
    targets = np.random.default_rng(9).standard_normal(outputs.shape)
    loss, feedback = asked_torch(
        lambda z: 0.5 * torch.nn.functional.mse_loss(z, torch.tensor(targets), reduction="none").sum(-1), outputs
    )
    z, y = array(xp, outputs), array(xp, targets)
    np.testing.assert_allclose(plain(SquaredError().loss(xp, z, y)), loss, rtol=1e-13)
    np.testing.assert_allclose(plain(SquaredError().feedback(xp, z, y)), feedback, rtol=1e-13)
    assert SquaredError().correct(xp, z, y) is None


@by_backend
def test_squared_error_to_onehot_targets(backend):
    xp = BACKENDS[backend]
    outputs, classes = a_batch((7,))
    onehot = np.eye(5)[classes]
    loss = plain(SquaredError().loss(xp, array(xp, outputs), array(xp, onehot)))
    for sample in range(7):
        right = outputs[sample, classes[sample]]
        others = np.delete(outputs[sample], classes[sample])
        assert loss[sample] == pytest.approx(0.5 * ((1 - right) ** 2 + (others**2).sum()), rel=1e-13)


@by_backend
def test_replicas_may_share_their_targets(backend):
    xp = BACKENDS[backend]
    outputs, targets = a_batch((3, 7))
    z, y = array(xp, outputs), array(xp, targets[0])
    shared = plain(CrossEntropy().feedback(xp, z, y))
    for replica in range(3):
        alone = plain(CrossEntropy().feedback(xp, array(xp, outputs[replica]), y))
        np.testing.assert_array_equal(shared[replica], alone)


@by_backend
@by_lead
def test_prediction_is_the_largest_output(backend, lead):
    xp = BACKENDS[backend]
    outputs, targets = a_batch(lead)
    correct = plain(CrossEntropy().correct(xp, array(xp, outputs), array(xp, targets)))
    assert correct.shape == lead
    for index in np.ndindex(lead):
        assert correct[index] == (max(range(5), key=lambda k: outputs[(*index, k)]) == targets[index])


@by_backend
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1e2, 1e3, 1e5, 1e30])
def test_extreme_outputs_give_finite_losses_without_warnings(backend, dtype, size):
    xp = BACKENDS[backend]
    z = array(xp, [[size, -size, 0.0], [-size, -size, -size], [size, size, -size]], dtype)
    y = array(xp, [1, 2, 0])
    loss = plain(CrossEntropy().loss(xp, z, y))
    feedback = plain(CrossEntropy().feedback(xp, z, y))
    np.testing.assert_allclose(loss, [2 * size, np.log(3), np.log(2)], rtol=1e-6)
    np.testing.assert_allclose(feedback, [[-1, 1, 0], [-1 / 3, -1 / 3, 2 / 3], [0.5, -0.5, 0]], rtol=1e-6, atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(
    outputs=arrays(np.float64, (4, 3), elements=st.floats(-50, 50)),
    targets=arrays(np.int64, (4,), elements=st.integers(0, 2)),
    shift=st.floats(-100, 100),
)
def test_cross_entropy_depends_on_output_differences_only(outputs, targets, shift):
    xp, payoff = BACKENDS["numpy"], CrossEntropy()
    feedback = payoff.feedback(xp, outputs, targets)
    np.testing.assert_allclose(feedback.sum(axis=-1), 0, atol=1e-14)
    np.testing.assert_allclose(payoff.feedback(xp, outputs + shift, targets), feedback, atol=1e-12)
    assert (payoff.loss(xp, outputs, targets) >= 0).all()


@settings(max_examples=25, deadline=None)
@given(
    outputs=arrays(np.float64, (2, 3), elements=st.floats(-5, 5)),
    values=arrays(np.float64, (2, 3), elements=st.floats(-5, 5)),
    classes=arrays(np.int64, (2,), elements=st.integers(0, 2)),
    payoff=st.sampled_from([CrossEntropy(), BalancedCrossEntropy((0.5, 2.0, 1.0)), SquaredError()]),
)
def test_feedback_is_minus_the_central_difference_of_the_loss(outputs, values, classes, payoff):
    xp, step = BACKENDS["numpy"], 1e-5
    targets = classes if payoff.classes else values
    feedback = payoff.feedback(xp, outputs, targets)
    for index in np.ndindex(outputs.shape):
        nudge = np.zeros_like(outputs)
        nudge[index] = step
        ahead, behind = payoff.loss(xp, outputs + nudge, targets), payoff.loss(xp, outputs - nudge, targets)
        slope = (ahead - behind) / (2 * step)
        assert feedback[index] == pytest.approx(-slope[index[0]], abs=1e-8)
        assert slope[1 - index[0]] == 0  # the other sample's loss


@pytest.mark.parametrize("name", PAYOFFS)
def test_a_payoff_is_found_by_its_name(name):
    assert parse_payoff(name) == PAYOFFS[name]()


def test_a_misspelt_payoff_gets_a_hint():
    with pytest.raises(NeuroNetError, match="unknown payoff 'cross_entorpy': did you mean 'cross-entropy'"):
        parse_payoff("cross_entorpy")


@pytest.mark.parametrize("gap", [1.0, 20.0, 30.0])
def test_feedback_of_a_certain_class_has_all_digits(gap):
    """The demands of two outputs are opposite, however small they are."""
    outputs = np.array([[gap, 0.0]])
    expected = 1.0 / (1.0 + math.exp(gap))
    feedback = CrossEntropy().feedback(xp, outputs, np.array([0]))
    np.testing.assert_allclose(feedback, [[expected, -expected]], rtol=1e-14)
    tensors = loss_function_for(CrossEntropy(), 2, torch.zeros(0, dtype=torch.float64))
    ours = tensors.output_feedback(torch.from_numpy(outputs), torch.tensor([0]))
    np.testing.assert_allclose(ours.numpy(), feedback, rtol=1e-14)


@by_backend
@by_lead
def test_balanced_cross_entropy_equals_that_of_torch(backend, lead):
    """With torch's own weights of classes."""
    xp, weights = BACKENDS[backend], (0.5, 2.0, 1.0, 3.0, 0.1)
    outputs, targets = a_batch(lead)

    def loss(z):
        flat = torch.nn.functional.cross_entropy(
            z.reshape(-1, 5), torch.tensor(targets).reshape(-1), weight=torch.tensor(weights, dtype=z.dtype), reduction="none"
        )
        return flat.reshape(z.shape[:-1])

    expected = asked_torch(loss, outputs)
    payoff, z, y = BalancedCrossEntropy(weights), array(xp, outputs), array(xp, targets)
    np.testing.assert_allclose(plain(payoff.loss(xp, z, y)), expected[0], rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(plain(payoff.feedback(xp, z, y)), expected[1], rtol=1e-13, atol=1e-15)


def test_balanced_weights_count_every_class_equally():
    classes = np.array([0] * 6 + [1] * 3 + [2])
    weights = BalancedCrossEntropy.of(classes, 3).weights
    np.testing.assert_allclose(np.bincount(classes) * weights, 10 / 3)
    with pytest.raises(NeuroNetError, match="the weight of a class must be a finite number above 0"):
        BalancedCrossEntropy((1.0, 0.0))
