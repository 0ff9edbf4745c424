"""Reinforcement learning: networks of self-interested neurons that act in Gymnasium environments."""

from neuronet.control.config import ControlConfig, make_config, read_config
from neuronet.control.record import EPISODES, ControlRunDirectory
from neuronet.control.result import ControlResult
from neuronet.control.train import resume, train
from neuronet.execution import Interrupted

__all__ = [
    "EPISODES",
    "ControlConfig",
    "ControlResult",
    "ControlRunDirectory",
    "Interrupted",
    "make_config",
    "read_config",
    "resume",
    "train",
]
