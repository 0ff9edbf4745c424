"""Both engines play the same rounds with weights of classes."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.core.payoff import BalancedCrossEntropy
from neuronet.engines.agents import NeuronModel
from neuronet.engines.tensors import TensorEngine
from neuronet.policies import AttentionSeeking
from tests.helpers.engine_fixtures import game, play

PAYOFF = BalancedCrossEntropy((0.4, 3.0, 1.2))


@pytest.mark.parametrize("connectivity", ["dense", "sparse(0.5)"])
def test_weighted_rounds_are_equal(connectivity):
    setup = game(AttentionSeeking(), connectivity=connectivity, payoff=PAYOFF)
    model, engine = play(NeuronModel(setup), 12), play(TensorEngine(setup, device="cpu"), 12)
    plain = play(TensorEngine(game(AttentionSeeking(), connectivity=connectivity), device="cpu"), 12)
    ours, theirs, unweighted = (player.state().arrays for player in (model, engine, plain))
    for key, array in ours.items():
        np.testing.assert_allclose(array, theirs[key], rtol=1e-10, atol=1e-12)
    assert max(np.abs(array - unweighted[key]).max() for key, array in ours.items()) > 1e-3
