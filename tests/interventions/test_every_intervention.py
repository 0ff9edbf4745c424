"""Every intervention of the registry: an example of each is applied to both engines, written and read, and documented."""

from __future__ import annotations

import re

import pytest

from neuronet import interventions
from neuronet.interventions import INTERVENTIONS, Intervention, apply_intervention, parse_intervention
from tests.helpers.paths import ROOT
from tests.interventions.fixtures import engines, game, play, weights_gap

EXAMPLES = {
    "lesion": "lesion(layer=1, share=0.4)",
    "revive": "revive(layer=2)",
    "freeze": "freeze(layer=1, neurons=[0, 3])",
    "thaw": "thaw(layer=1)",
    "noise": "noise(sigma=0.3, layer=2)",
    "switch": 'switch(policy=greedy, layer=1, share=0.5, select="most")',
    "rewire": "rewire(layer=1, fraction=0.4)",
    "connect": "connect(layer=1, pairs=[[0, 5]])",
    "disconnect": "disconnect(layer=1, pairs=[[0, 0]])",
    "add": "add(layer=1, neurons=2)",
    "remove": "remove(layer=1, neurons=[1])",
    "add_layer": "add_layer(after=1)",
    "remove_layer": "remove_layer(layer=2)",
}
"""An example of each intervention: one that fits the game of the fixtures."""

PREPARED = {"revive": "lesion(layer=2, neurons=[1])", "thaw": "freeze(layer=1, neurons=[1])"}
"""What must have happened before."""


def test_each_intervention_has_an_example():
    assert EXAMPLES.keys() == INTERVENTIONS.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_engines_agree_afterwards(name):
    agents, tensors = engines(game())
    for engine in (agents, tensors):
        play(engine, 2)
        if name in PREPARED:
            apply_intervention(engine, parse_intervention(PREPARED[name]))
        event = apply_intervention(engine, parse_intervention(EXAMPLES[name]))
        assert event.nodes
        play(engine, 3)
    assert weights_gap(agents, tensors) <= 1e-9


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_is_written_as_it_is_read(name):
    intervention = parse_intervention(EXAMPLES[name])
    assert isinstance(intervention, Intervention)
    assert parse_intervention(str(intervention)) == intervention


@pytest.mark.parametrize("name", INTERVENTIONS)
def test_it_is_a_function_and_documented(name):
    assert callable(getattr(interventions, name))
    page = (ROOT / "docs" / "interventions.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| .*`{name}`.* \|", page, re.MULTILINE)
