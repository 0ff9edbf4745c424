"""What models, agents and layers look like when they are printed."""

from __future__ import annotations

from neuronet.engines.agents import NeuronModel
from neuronet.engines.base import Setup
from neuronet.registry import build_network


def test_model_agents_and_layers_say_what_they_are():
    model = NeuronModel(Setup(build_network((2, 8, 2), seed=1), "attention:0.75,greedy(top=2):0.25"))
    assert repr(model) == "NeuronModel(2-8-2, attention, greedy(top=2), round 0)"
    assert str(model.agents) == "RegisteredAgents(2 InputNeuron, 10 Neuron)"
    assert repr(model.layers[1]) == "LayerAgents(layer 1, 8 Neuron)"
    model.close()
    assert "closed" in repr(model)
