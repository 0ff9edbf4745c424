"""Metrics of the accuracy matrix: by hand, and by properties of all matrices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuronet.continual.evaluation.metrics import (
    METRICS,
    average_accuracy,
    backward_transfer,
    final_accuracy,
    forgetting,
    forward_transfer,
    learning_accuracy,
)
from neuronet.core.errors import DataError

BY_HAND = np.array(
    [
        [0.5, 0.4, 0.3],  # before the first
        [0.9, 0.6, 0.1],
        [0.7, 0.8, 0.5],
        [0.6, 0.4, 1.0],
    ]
)


def test_metrics_by_hand():
    assert final_accuracy(BY_HAND) == pytest.approx((0.6 + 0.4 + 1.0) / 3)
    assert learning_accuracy(BY_HAND) == pytest.approx((0.9 + 0.8 + 1.0) / 3)
    assert backward_transfer(BY_HAND) == pytest.approx((0.6 - 0.9 + 0.4 - 0.8) / 2)
    assert forward_transfer(BY_HAND) == pytest.approx((0.6 - 0.4 + 0.5 - 0.3) / 2)
    assert forgetting(BY_HAND) == pytest.approx((0.9 - 0.6 + 0.8 - 0.4) / 2)
    assert average_accuracy(BY_HAND) == pytest.approx([0.9, (0.7 + 0.8) / 2, (0.6 + 0.4 + 1.0) / 3])


def test_forgetting_starts_at_the_best_accuracy():
    """Task 1 improves while task 2 is learned; backward transfer starts right after the task was learned."""
    accuracy = np.array([[0, 0, 0], [0.5, 0, 0], [0.8, 0.9, 0], [0.6, 0.9, 1.0]])
    assert forgetting(accuracy) == pytest.approx(0.1)
    assert backward_transfer(accuracy) == pytest.approx(0.05)


matrices = st.integers(2, 5).flatmap(lambda tasks: arrays(np.float64, (3, tasks + 1, tasks), elements=st.floats(0, 1)))


@given(matrices)
def test_identities_between_metrics(accuracy):
    tasks = accuracy.shape[-1]
    for metric in METRICS.values():
        replicas = [metric(replica) for replica in accuracy]
        np.testing.assert_allclose(metric(accuracy), replicas, atol=1e-12)
    assert np.all(forgetting(accuracy) >= -backward_transfer(accuracy) - 1e-12)  # the best is no worse than right after
    np.testing.assert_allclose(average_accuracy(accuracy)[:, -1], final_accuracy(accuracy))
    gap = final_accuracy(accuracy) - learning_accuracy(accuracy)
    np.testing.assert_allclose(gap, backward_transfer(accuracy) * (tasks - 1) / tasks, atol=1e-12)


@given(matrices)
def test_constant_accuracy_has_no_forgetting_and_no_transfer(accuracy):
    constant = np.broadcast_to(accuracy[:, :1], accuracy.shape)
    for metric in (forgetting, backward_transfer, forward_transfer):
        np.testing.assert_allclose(metric(constant), 0.0, atol=1e-12)


@pytest.mark.parametrize("shape", [(3, 3), (2, 1), (3,), (4, 2)])
def test_wrong_shape_is_refused(shape):
    with pytest.raises(DataError, match="tasks"):
        final_accuracy(np.zeros(shape))
