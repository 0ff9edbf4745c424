"""Registered reproductions, by name."""

from __future__ import annotations

from neuronet.reproduction.forgetting import BudgetedForgetting
from neuronet.reproduction.study import Reproduction

REPRODUCTIONS: dict[str, Reproduction] = {
    "budgeted-forgetting": BudgetedForgetting(),
}
"""Every reproduction by its name."""
