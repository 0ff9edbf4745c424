"""The agent engine: every neuron is a Mesa agent that computes with what it can see, and can be watched doing so."""

from neuronet.engines.agents.model import NeuronModel
from neuronet.engines.agents.neuron import Neuron
from neuronet.engines.agents.speaker import InputNeuron

__all__ = ["InputNeuron", "Neuron", "NeuronModel"]
