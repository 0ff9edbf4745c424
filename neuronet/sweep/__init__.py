"""Sweeps: many runs from one file, each kept the moment it is done, in one table at the end."""

from neuronet.sweep.api import Progress, sweep
from neuronet.sweep.cells import Cell, Plan
from neuronet.sweep.design import Choices, Design, Range, read_design

__all__ = ["Cell", "Choices", "Design", "Plan", "Progress", "Range", "read_design", "sweep"]
