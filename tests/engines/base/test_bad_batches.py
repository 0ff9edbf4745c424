"""Batches that do not fit the network are refused by both engines, before anything is played."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet import AttentionSeeking, NeuroNetError, NeuronModel, Setup, SquaredError, TensorEngine, build_network


def engines(payoff=None):
    setup = Setup(build_network([3, 4, 2]), AttentionSeeking(), **({"payoff": payoff} if payoff else {}))
    return NeuronModel(setup), TensorEngine(setup)


@pytest.mark.parametrize(
    ("inputs", "targets", "sentence"),
    [
        ((5, 3), (4,), r"5 samples need targets of shape \(5,\), got \(4,\)"),
        ((5, 3), (5, 1), r"got \(5, 1\)"),
        ((5, 2), (5,), r"inputs must have the shape \(samples, 3\), got \(5, 2\)"),
        ((3,), (3,), r"inputs must have the shape \(samples, 3\), got \(3,\)"),
        ((0, 3), (0,), r"inputs must have the shape \(samples, 3\), got \(0, 3\)"),
    ],
)
def test_batches_of_wrong_shape_are_refused(inputs, targets, sentence):
    for engine in engines():
        before = engine.state().to_arrays()
        with pytest.raises(NeuroNetError, match=sentence):
            engine.play(np.zeros(inputs), np.zeros(targets, dtype=int))
        assert engine.round_number == 0
        for name, array in engine.state().to_arrays().items():
            np.testing.assert_array_equal(array, before[name])


def test_lists_are_accepted_like_arrays():
    losses = [engine.play([[1.0, 2.0, 3.0]], [[0.5, -0.5]]) for engine in engines(SquaredError())]
    np.testing.assert_allclose(np.asarray(losses[0]), np.asarray(losses[1]), rtol=1e-12)
