"""Replicas played one after another agree with replicas played together."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.data.batches import Batches
from neuronet.core.errors import NeuroNetError
from neuronet.engines.tensors import MAX_BATCHED_WORK, SequentialReplicas, TensorEngine, tensor_engine
from neuronet.policies import AttentionSeeking, Noisy, TremblingHand
from tests.helpers import toys
from tests.helpers.engine_fixtures import BATCH, SAMPLES, game, identical, max_difference

SEEDS = (4, 9)


def both(policy):
    setups = [game(policy, connectivity="sparse(0.5)", seed=seed, network_seed=seed, learning_rate=seed / 100) for seed in SEEDS]
    return TensorEngine(setups, device="cpu"), SequentialReplicas(setups, device="cpu")


@pytest.mark.parametrize(
    "policy", [AttentionSeeking(p=3, foresight=1), Noisy(TremblingHand(tremble=0.2)), toys.Saver(), toys.Explorer()], ids=repr
)
def test_sequential_replicas_equal_batched_ones(policy):
    at_once, in_turn = both(policy)
    order = Batches(len(SAMPLES), BATCH, SEEDS).order(0)
    losses = [np.asarray(engine.play_rounds(engine.prepare(SAMPLES), order, BATCH)) for engine in (at_once, in_turn)]
    np.testing.assert_allclose(*losses, rtol=1e-10)
    assert losses[0].shape == (2, 4)
    losses = [np.asarray(engine.play(SAMPLES.inputs, SAMPLES.targets)) for engine in (at_once, in_turn)]
    np.testing.assert_allclose(*losses, rtol=1e-10)
    assert at_once.round_number == in_turn.round_number == 5
    assert max_difference(at_once.state(), in_turn.state()) <= 1e-11
    np.testing.assert_allclose(at_once.outputs(SAMPLES.inputs), in_turn.outputs(SAMPLES.inputs), atol=1e-11)
    np.testing.assert_allclose(at_once.network(1).weights[0], in_turn.network(1).weights[0], atol=1e-11)


def test_speak_and_learn_agree():
    at_once, in_turn = both(AttentionSeeking())
    output_feedback, loss = np.random.default_rng(0).standard_normal((2, 5, 3)), np.ones((2, 5))
    said = [np.asarray(engine.speak(SAMPLES.inputs[:5])) for engine in (at_once, in_turn)]
    np.testing.assert_allclose(*said, atol=1e-12)
    for engine in (at_once, in_turn):
        engine.learn(output_feedback, loss)
    assert max_difference(at_once.state(), in_turn.state()) <= 1e-12


def test_state_transfers_between_both_kinds():
    at_once, in_turn = both(toys.Saver())
    at_once.play(SAMPLES.inputs, SAMPLES.targets)
    in_turn.restore(at_once.state())
    assert identical(in_turn.state(), at_once.state())


def test_inconsistent_replicas_are_refused():
    _, in_turn = both(AttentionSeeking())
    with pytest.raises(NeuroNetError, match="inputs must have the shape"):
        in_turn.play(np.zeros((3, 5, 6)), np.zeros((3, 5), dtype=int))
    with pytest.raises(NeuroNetError, match="learn ends a round that speak has begun"):
        in_turn.learn(np.zeros((2, 5, 3)), np.zeros((2, 5)))


def test_small_layers_are_batched():
    setups = [game(AttentionSeeking(), seed=seed) for seed in SEEDS]
    assert isinstance(tensor_engine(setups, BATCH, device="cpu"), TensorEngine)
    assert isinstance(tensor_engine(setups, MAX_BATCHED_WORK, device="cpu"), SequentialReplicas)
    assert isinstance(tensor_engine(setups[:1], MAX_BATCHED_WORK, device="cpu"), TensorEngine)
