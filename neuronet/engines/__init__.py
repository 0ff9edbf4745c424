"""Engines play rounds: `agents` with a Mesa agent for each neuron, `tensors` with torch and a layer at a time."""

from neuronet.engines.parity import compare

__all__ = ["compare"]
