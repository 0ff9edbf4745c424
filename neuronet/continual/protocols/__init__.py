"""Protocols: sequences of tasks made from one environment, their schedules and their samples on a device."""

from neuronet.continual.protocols.base import Protocol, Task
from neuronet.continual.protocols.class_splits import SplitClass, SplitDomain, SplitTask
from neuronet.continual.protocols.gradual_drift import GradualDrift, neighbour_fraction
from neuronet.continual.protocols.input_shifts import Gradual, Permuted, Rotated, Rotation
from neuronet.continual.protocols.presets import PRESETS, Preset, Schedule
from neuronet.continual.protocols.registry import PROTOCOLS, parse_protocol
from neuronet.continual.protocols.replicated_dataset import ReplicatedDataset

__all__ = [
    "PRESETS",
    "PROTOCOLS",
    "Gradual",
    "GradualDrift",
    "Permuted",
    "Preset",
    "Protocol",
    "ReplicatedDataset",
    "Rotated",
    "Rotation",
    "Schedule",
    "SplitClass",
    "SplitDomain",
    "SplitTask",
    "Task",
    "neighbour_fraction",
    "parse_protocol",
]
