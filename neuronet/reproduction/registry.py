"""Registered reproductions, by name."""

from __future__ import annotations

from neuronet.reproduction.capacity import BudgetedCapacity
from neuronet.reproduction.depth import BudgetedDepth
from neuronet.reproduction.forgetting import BudgetedForgetting
from neuronet.reproduction.study import Reproduction

REPRODUCTIONS: dict[str, Reproduction] = {
    "budgeted-capacity": BudgetedCapacity(),
    "budgeted-depth": BudgetedDepth(),
    "budgeted-forgetting": BudgetedForgetting(),
}
"""Every reproduction by its name."""
