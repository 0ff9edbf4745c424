"""Sweeps: many runs from one file, each kept the moment it is done, in one table at the end."""

from neuronet.sweep.design import Choices, Design, Range, read_design
from neuronet.sweep.plan import Cell, Plan
from neuronet.sweep.study import Progress, sweep

__all__ = ["Cell", "Choices", "Design", "Plan", "Progress", "Range", "read_design", "sweep"]
