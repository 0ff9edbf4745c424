"""Registered reproductions, by name."""

from __future__ import annotations

from neuronet.reproduction.capacity import CAPACITY
from neuronet.reproduction.depth import DEPTH
from neuronet.reproduction.forgetting import FORGETTING
from neuronet.reproduction.study import Reproduction

REPRODUCTIONS: dict[str, Reproduction] = {
    "budgeted-capacity": CAPACITY,
    "budgeted-depth": DEPTH,
    "budgeted-forgetting": FORGETTING,
}
"""Every reproduction by its name."""
