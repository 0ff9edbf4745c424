"""Reinforcement learning: networks of self-interested neurons that act in Gymnasium environments."""

from neuronet.control.config import ControlConfig
from neuronet.control.result import ControlResult
from neuronet.control.train import resume, train
from neuronet.execution import Interrupted

__all__ = ["ControlConfig", "ControlResult", "Interrupted", "resume", "train"]
