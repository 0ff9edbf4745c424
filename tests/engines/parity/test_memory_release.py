"""Rounds free their tensors by reference counting: none waits for the garbage collector."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from neuronet.policies import AttentionSeeking, NodePerturbation, Noisy
from tests.helpers.engine_fixtures import ENGINES, SAMPLES, game

GAMES = {
    "linear": game(AttentionSeeking()),
    "random and remembering": game(NodePerturbation()),
    "mixed": game((Noisy(), AttentionSeeking(), AttentionSeeking())),
    "delayed": game(Noisy(), channels=["demand:delay(1)"]),
    "partial": game(Noisy(), update_schedule="partial(share=0.5)"),
}


def play_a_little(engine):
    engine.play(SAMPLES.inputs, SAMPLES.targets)
    engine.play_rounds(engine.prepare(SAMPLES), np.arange(len(SAMPLES)), 4)
    engine.outputs(SAMPLES.inputs)


@pytest.fixture
def only_new_objects():
    """The garbage collector looks at new objects only, and only when it is asked to."""
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


@pytest.mark.parametrize("name", ENGINES)
def test_rounds_leave_no_reference_cycle(name, only_new_objects):
    for kind, setup in GAMES.items():
        engine = ENGINES[name](setup)
        play_a_little(engine)
        gc.collect()
        play_a_little(engine)
        assert gc.collect() == 0, kind
