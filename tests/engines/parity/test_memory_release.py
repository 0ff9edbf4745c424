"""Rounds free their tensors by reference counting: none waits for the garbage collector."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from neuronet.engines.agents import NeuronModel
from neuronet.engines.tensors import TensorEngine
from neuronet.policies import AttentionSeeking, NodePerturbation, Noisy
from tests.helpers.engine_fixtures import SAMPLES, game

GAMES = {
    "linear": game(AttentionSeeking()),
    "random and remembering": game(NodePerturbation()),
    "mixed": game((Noisy(), AttentionSeeking(), AttentionSeeking())),
    "delayed": game(Noisy(), channels=["demand:delay(1)"]),
    "partial": game(Noisy(), update_schedule="partial(share=0.5)"),
}


@pytest.mark.parametrize("setup", GAMES.values(), ids=GAMES)
@pytest.mark.parametrize("engine", [TensorEngine, NeuronModel], ids=["tensors", "agents"])
def test_rounds_leave_no_reference_cycle(engine, setup):
    played = engine(setup)
    samples = played.prepare(SAMPLES)
    order = np.arange(len(SAMPLES))

    def rounds():
        played.play(SAMPLES.inputs, SAMPLES.targets)
        played.play_rounds(samples, order, 4)
        played.outputs(SAMPLES.inputs)

    rounds()
    gc.collect()
    gc.disable()
    try:
        rounds()
        assert gc.collect() == 0
    finally:
        gc.enable()
