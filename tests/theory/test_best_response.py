from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.core.trust_region import TrustRegionStep
from neuronet.theory.best_response import LEARNING_RATE, best_response, checks, each_neuron, gains, in_hard_case
from neuronet.theory.test_case import RoundRecord

DEVIATION, OPTIMALITY, HARD, DIRECTION, SLOPE = range(5)


def along_feedback(record: RoundRecord, learning_rate: float, radius: float) -> TrustRegionStep:
    step = record.feedback[:, 0] / np.linalg.norm(record.feedback)
    return TrustRegionStep(radius * step, best_response(record, learning_rate, radius).multiplier)


def backwards(record: RoundRecord, learning_rate: float, radius: float) -> TrustRegionStep:
    move = best_response(record, learning_rate, radius)
    return replace(move, step=-move.step)


def timid(record: RoundRecord, learning_rate: float, radius: float) -> TrustRegionStep:
    move = best_response(record, learning_rate, radius)
    return replace(move, step=0.5 * move.step)


def misjudged(record: RoundRecord, learning_rate: float, radius: float) -> TrustRegionStep:
    move = best_response(record, learning_rate, radius)
    return replace(move, multiplier=1.01 * move.multiplier)


def at_random(record: RoundRecord, learning_rate: float, radius: float) -> TrustRegionStep:
    step = np.random.default_rng(0).standard_normal(len(record.activity))
    return replace(best_response(record, learning_rate, radius), step=radius * step / np.linalg.norm(step))


@pytest.mark.parametrize(
    ("strategy", "fails"),
    [
        (along_feedback, {DEVIATION, OPTIMALITY, HARD, SLOPE}),
        (backwards, {DEVIATION, OPTIMALITY, HARD, DIRECTION, SLOPE}),
        (timid, {DEVIATION, OPTIMALITY, HARD}),
        (misjudged, {OPTIMALITY, HARD}),
        (at_random, {DEVIATION, OPTIMALITY, HARD, DIRECTION, SLOPE}),
    ],
)
def test_worse_strategies_fail(strategy, fails):
    assert {line for line, check in enumerate(checks(strategy)) if not check.passed} == fails


def test_the_best_response_to_an_opposite_world_fails():
    def opposite(record: RoundRecord, learning_rate: float, radius: float) -> TrustRegionStep:
        return best_response(replace(record, attention=-record.attention, activity=-record.activity), learning_rate, radius)

    assert not list(checks(opposite))[DEVIATION].passed


@pytest.mark.parametrize("engine", ["tensors", "agents"])
def test_the_hard_case_is_hard(engine):
    for record in each_neuron(engine):
        matrix = LEARNING_RATE / len(record.demand) * record.demand.T
        _, vectors = np.linalg.eigh(matrix.T @ matrix)
        hard = in_hard_case(record)
        pull = matrix.T @ (hard.attention + matrix @ hard.activity)[:, 0]
        assert abs(vectors[:, -1] @ pull) < 1e-14
        assert np.linalg.norm(pull) > 1e-6


def test_gains_are_those_of_single_moves():
    record = each_neuron("tensors")[0]
    steps = np.random.default_rng(1).standard_normal((3, len(record.activity)))
    expected = record.attention + LEARNING_RATE * record.demand.T @ record.activity / len(record.activity)
    for step, gain in zip(steps, gains(record, steps), strict=True):
        moved = expected + LEARNING_RATE * record.demand.T @ step[:, None] / len(record.activity)
        assert gain == pytest.approx(0.5 * np.sum(moved**2) - 0.5 * np.sum(expected**2), rel=1e-9)


def test_it_is_the_answer_of_one_neuron():
    record = each_neuron("tensors")[0]
    two = RoundRecord(
        record.attention.repeat(2, axis=1), record.demand, record.activity.repeat(2, axis=1), record.feedback.repeat(2, axis=1)
    )
    with pytest.raises(NeuroNetError, match="one neuron, got 2"):
        best_response(two, 1.0, 1.0)
