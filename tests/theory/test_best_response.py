from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuronet.core.errors import ConfigurationError
from neuronet.core.trust_region import TrustRegionStep
from neuronet.theory.best_response import LEARNING_RATE, best_response, checks, gains, in_hard_case, neuron_records
from neuronet.theory.test_case import RoundRecord

DEVIATION, OPTIMALITY, HARD, DIRECTION, SLOPE = range(5)


def step_along_feedback(record: RoundRecord, learning_rate: float, radius: float) -> TrustRegionStep:
    step = record.feedback[:, 0] / np.linalg.norm(record.feedback)
    return TrustRegionStep(radius * step, best_response(record, learning_rate, radius).multiplier)


def opposite_step(record: RoundRecord, learning_rate: float, radius: float) -> TrustRegionStep:
    response = best_response(record, learning_rate, radius)
    return replace(response, step=-response.step)


def half_step(record: RoundRecord, learning_rate: float, radius: float) -> TrustRegionStep:
    response = best_response(record, learning_rate, radius)
    return replace(response, step=0.5 * response.step)


def wrong_multiplier(record: RoundRecord, learning_rate: float, radius: float) -> TrustRegionStep:
    response = best_response(record, learning_rate, radius)
    return replace(response, multiplier=1.01 * response.multiplier)


def random_step(record: RoundRecord, learning_rate: float, radius: float) -> TrustRegionStep:
    step = np.random.default_rng(0).standard_normal(len(record.activity))
    return replace(best_response(record, learning_rate, radius), step=radius * step / np.linalg.norm(step))


@pytest.mark.parametrize(
    ("strategy", "fails"),
    [
        (step_along_feedback, {DEVIATION, OPTIMALITY, HARD, SLOPE}),
        (opposite_step, {DEVIATION, OPTIMALITY, HARD, DIRECTION, SLOPE}),
        (half_step, {DEVIATION, OPTIMALITY, HARD}),
        (wrong_multiplier, {OPTIMALITY, HARD}),
        (random_step, {DEVIATION, OPTIMALITY, HARD, DIRECTION, SLOPE}),
    ],
)
def test_other_strategies_fail(strategy, fails, monkeypatch):
    monkeypatch.setattr("neuronet.theory.best_response.RADII", (0.1, 10.0))
    monkeypatch.setattr("neuronet.theory.best_response.DEVIATIONS", 50)
    assert {line for line, check in enumerate(checks(strategy)) if not check.passed} == fails


def test_best_response_to_the_opposite_record_fails(monkeypatch):
    monkeypatch.setattr("neuronet.theory.best_response.DEVIATIONS", 50)

    def opposite(record: RoundRecord, learning_rate: float, radius: float) -> TrustRegionStep:
        return best_response(replace(record, attention=-record.attention, activity=-record.activity), learning_rate, radius)

    assert not list(checks(opposite))[DEVIATION].passed


@pytest.mark.parametrize("engine", ["tensors", "agents"])
def test_hard_case_has_a_gradient_orthogonal_to_the_leading_eigenvector(engine):
    for record in neuron_records(engine):
        matrix = LEARNING_RATE / len(record.demand) * record.demand.T
        _, vectors = np.linalg.eigh(matrix.T @ matrix)
        hard = in_hard_case(record)
        gradient = matrix.T @ (hard.attention + matrix @ hard.activity)[:, 0]
        assert abs(vectors[:, -1] @ gradient) < 1e-14
        assert np.linalg.norm(gradient) > 1e-6


def test_gains_equal_those_of_single_steps():
    record = neuron_records("tensors")[0]
    steps = np.random.default_rng(1).standard_normal((3, len(record.activity)))
    expected = record.attention + LEARNING_RATE * record.demand.T @ record.activity / len(record.activity)
    for step, gain in zip(steps, gains(record, steps), strict=True):
        moved = expected + LEARNING_RATE * record.demand.T @ step[:, None] / len(record.activity)
        assert gain == pytest.approx(0.5 * np.sum(moved**2) - 0.5 * np.sum(expected**2), rel=1e-9)


def test_record_of_two_neurons_is_refused():
    record = neuron_records("tensors")[0]
    two = RoundRecord(
        record.attention.repeat(2, axis=1), record.demand, record.activity.repeat(2, axis=1), record.feedback.repeat(2, axis=1)
    )
    with pytest.raises(ConfigurationError, match="got 2"):
        best_response(two, 1.0, 1.0)
