"""Proposition 4: a neuron's best response within a trust region around its activity."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import array_api_compat.numpy as xp
import numpy as np

from neuronet.core import ConfigurationError, Purpose, TrustRegionStep, generator, solve_trust_region
from neuronet.theory.check import Below, Check, Near
from neuronet.theory.comparison import Floats, half_squared_chord, log_log_slope
from neuronet.theory.foresight import FORESIGHTED
from neuronet.theory.strategy import utility_after
from neuronet.theory.test_case import ENGINES, RoundRecord, make_case

LEARNING_RATE = 1.0
RADII = (0.01, 0.1, 1.0, 10.0, 100.0)
SMALL_RADII = (1e-1, 1e-2, 1e-3)
DEVIATIONS = 1000

Strategy = Callable[[RoundRecord, float, float], TrustRegionStep]
"""`strategy(record, learning_rate, radius)` returns the step of the single neuron of a record (J = 1)."""


def best_response(record: RoundRecord, learning_rate: float, radius: float) -> TrustRegionStep:
    """Return the step of a neuron's activity that gains most attention of the measure w^2 / 2, all other neurons fixed.

    Args:
        record: Observation of the neuron, J = 1.
        learning_rate: Learning rate eta of its listeners (> 0).
        radius: Length of the step over the whole batch (> 0).

    Raises:
        ConfigurationError: The record has more than one neuron, or a number is out of range.
    """
    if record.activity.shape[1] != 1:
        raise ConfigurationError(f"a best response needs the record of one neuron, got {record.activity.shape[1]}")
    matrix, expected = _anticipated_attention(record, learning_rate)
    return solve_trust_region(xp, matrix, expected, radius)


def _anticipated_attention(record: RoundRecord, learning_rate: float) -> tuple[Floats, Floats]:
    """Return the attention after the response as a function of the step: slope `A = eta / B S^T` (K, B), offset `u` (K,)."""
    matrix = learning_rate / len(record.demand) * record.demand.T
    return matrix, record.attention[:, 0] + matrix @ record.activity[:, 0]


def neuron_records(engine: str) -> list[RoundRecord]:
    """Return the record of each hidden neuron of two small cases: 12 with more listeners than samples, 12 with fewer."""
    cases = (make_case([8, 12, 10], "tanh", batch=6, seed=1), make_case([8, 12, 5], "tanh", batch=16, seed=2))
    layers = [case.with_policy(FORESIGHTED, LEARNING_RATE).records(engine)[0] for case in cases]
    return [_single_neuron(layer, neuron) for layer in layers for neuron in range(layer.activity.shape[1])]


def _single_neuron(layer: RoundRecord, neuron: int) -> RoundRecord:
    one = slice(neuron, neuron + 1)
    return RoundRecord(layer.attention[:, one], layer.demand, layer.activity[:, one], layer.feedback[:, one])


def in_hard_case(record: RoundRecord) -> RoundRecord:
    """Return the same neuron with an attention that makes g orthogonal to the leading eigenvector of M."""
    matrix, expected = _anticipated_attention(record, LEARNING_RATE)
    leading = np.linalg.svd(matrix)[0][:, 0]
    return replace(record, attention=record.attention - np.outer(leading, leading @ expected))


def gains(record: RoundRecord, steps: Floats) -> Floats:
    """Return what each of N steps (N, B) adds to the neuron's utility after the response, (N,)."""
    before, after = (
        utility_after(record, activity, LEARNING_RATE, 2.0) for activity in (record.activity, record.activity + steps.T)
    )
    return after - before


def best_deviation(strategy: Strategy, records: list[RoundRecord]) -> float:
    """Return the excess gain of the best random deviation, relative to the gain of the strategy's step, in the worst case.

    Half of the deviations have random directions, half are near the strategy's step; all have the length of the radius.
    """
    rng = generator(4, Purpose.DATA)
    excess = []
    for record in records:
        for radius in RADII:
            step = strategy(record, LEARNING_RATE, radius).step
            deviations = rng.standard_normal((DEVIATIONS, len(step)))
            deviations[::2] = step / radius + 0.3 * deviations[::2] / np.sqrt(len(step))
            deviations *= radius / np.linalg.norm(deviations, axis=1, keepdims=True)
            gain = gains(record, step[None])[0]
            excess.append((gains(record, deviations).max() - gain) / abs(gain))
    return float(np.max(excess))


def optimality_error(strategy: Strategy, records: list[RoundRecord]) -> float:
    """Return the largest relative error of the optimality conditions over neurons and radii."""
    return float(
        np.max([_error(record, strategy(record, LEARNING_RATE, radius), radius) for record in records for radius in RADII])
    )


def _error(record: RoundRecord, move: TrustRegionStep, radius: float) -> float:
    matrix, expected = _anticipated_attention(record, LEARNING_RATE)
    M, g = matrix.T @ matrix, matrix.T @ expected
    residual = np.linalg.norm(move.multiplier * move.step - M @ move.step - g)
    scale = move.multiplier * radius + np.linalg.norm(g)
    shortfall = 1.0 - move.multiplier / np.linalg.eigvalsh(M)[-1]
    return float(np.max([residual / scale, shortfall, abs(np.linalg.norm(move.step) / radius - 1.0)]))


def distance_from_feedback(strategy: Strategy, records: list[RoundRecord], radius: float) -> float:
    """Return 1 minus the cosine between a neuron's step and its feedback, of the worst neuron."""
    moves = [strategy(record, LEARNING_RATE, radius).step for record in records]
    return float(np.max([half_squared_chord(move, record.feedback[:, 0]) for move, record in zip(moves, records, strict=True)]))


def checks(strategy: Strategy = best_response) -> Iterator[Check]:
    """Yield checks of optimality, of the hard case, and of the direction of small steps."""
    records_by_engine = {engine: neuron_records(engine) for engine in ENGINES}
    all_records = [record for records in records_by_engine.values() for record in records]
    hard = [in_hard_case(record) for record in all_records]
    name, radii = "4 best response", f"radius {RADII[0]:g} to {RADII[-1]:g}"
    claim = f"{DEVIATIONS} random deviations: largest excess gain over the step, relative, {radii}"
    yield Check(name, claim, best_deviation(strategy, all_records), Below(0.0))
    yield Check(name, f"optimality conditions: relative error, {radii}", optimality_error(strategy, all_records), Below(1e-10))
    yield Check(name, f"the same in the hard case: relative error, {radii}", optimality_error(strategy, hard), Below(1e-10))
    distances = [distance_from_feedback(strategy, all_records, radius) for radius in SMALL_RADII]
    claim = f"foresight 1: 1 - cos(step, feedback) at radius {SMALL_RADII[-1]:g}, worst neuron"
    yield Check(name, claim, distances[-1], Below(1e-6))
    claim = "1 - cos(step, feedback) falls as the radius squared: log-log slope"
    yield Check(name, claim, log_log_slope(SMALL_RADII, distances), Near(2.0, 0.05))
