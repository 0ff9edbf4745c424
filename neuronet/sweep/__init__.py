"""Sweeps: many runs from one file, each result kept as soon as it is there, and one table at the end."""

from neuronet.sweep.api import MAX_GROUP_SIZE, Progress, sweep
from neuronet.sweep.cells import Cell, Plan, make_plan
from neuronet.sweep.design import Choices, Design, Range, parse_design, read_design
from neuronet.sweep.environment_info import inspect_environments
from neuronet.sweep.store import SWEEP, SweepStore, read_curves, read_traces
from neuronet.sweep.table import summary_table
from neuronet.sweep.timing import TimeEstimate, estimate_time

__all__ = [
    "MAX_GROUP_SIZE",
    "SWEEP",
    "Cell",
    "Choices",
    "Design",
    "Plan",
    "Progress",
    "Range",
    "SweepStore",
    "TimeEstimate",
    "estimate_time",
    "inspect_environments",
    "make_plan",
    "parse_design",
    "read_curves",
    "read_design",
    "read_traces",
    "summary_table",
    "sweep",
]
