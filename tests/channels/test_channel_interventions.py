"""Interventions in games with channels or other update schedules while messages are in flight."""

from __future__ import annotations

import pytest

from neuronet import interventions
from neuronet.core.learning.optimizers import Momentum
from neuronet.engines.agents import NeuronModel
from neuronet.engines.tensors import TensorEngine
from tests.helpers import toys
from tests.helpers.engine_fixtures import game, max_difference, play

ACTS = {
    "lesion": lambda engine: interventions.lesion(engine, layer=1, share=0.4),
    "freeze": lambda engine: interventions.freeze(engine, layer=1, share=0.4),
    "switch": lambda engine: interventions.switch(engine, toys.Backprop(), layer=2, share=0.5),
    "rewire": lambda engine: interventions.rewire(engine, layer=2, fraction=0.5),
    "remove": lambda engine: interventions.remove(engine, layer=1, share=0.4),
    "add_layer": lambda engine: interventions.add_layer(engine, after=1, activation="tanh"),
}
GAMES = [
    {"channels": ("demand:delay(2)", "activity:k-winners(0.5)")},
    {"channels": "activity:dropout(0.3)", "update_schedule": "partial(0.5)"},
    {"update_schedule": "inactive(0.4)"},
]


@pytest.mark.parametrize("options", GAMES, ids=str)
@pytest.mark.parametrize("act", ACTS)
def test_engines_agree_after_intervention(act, options):
    connectivity = "sparse(0.5)" if act == "rewire" else "dense"
    setup = game(toys.Saver(), optimizer=Momentum(), connectivity=connectivity, **options)
    pair = NeuronModel(setup), TensorEngine(setup, device="cpu")
    for engine in pair:
        ACTS[act](play(engine, 4))
    under_way = [bool(engine.state().messages) for engine in pair]
    # where the network itself is another, what is under way is lost
    assert under_way == [setup.update_schedule.is_synchronous and act not in ("remove", "add_layer")] * 2
    for engine in pair:
        play(engine, 4)
    assert max(apart_in_weights(*pair)) <= 1e-12


def apart_in_weights(one, other):
    pairs = zip(one.network().weights, other.network().weights, strict=True)
    return [abs(ours - theirs).max() for ours, theirs in pairs]


def test_lesion_with_channels_equals_a_smaller_network():
    """A channel that does nothing changes nothing."""
    states = []
    for channels in ((), "demand:dropout(0.0)"):
        engine = play(TensorEngine(game(toys.Backprop(), channels=channels), device="cpu"), 2)
        interventions.lesion(engine, layer=1, neurons=[1, 2])
        states.append(play(engine, 2).state())
    assert max_difference(*states) <= 1e-14
