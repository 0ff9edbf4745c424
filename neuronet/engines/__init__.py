"""Engines play rounds: `agents` with a Mesa agent for each neuron, `tensors` with torch and a layer at a time."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuronet.engines.parity import compare as compare

__all__ = ["compare"]


def __getattr__(name: str) -> Any:
    """Import what loads both engines, with Mesa and torch, when it is first used."""
    if name != "compare":
        raise AttributeError(f"module 'neuronet.engines' has no attribute '{name}'")
    value = globals()[name] = import_module("neuronet.engines.parity").compare
    return value
