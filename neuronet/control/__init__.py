"""Reinforcement learning: networks of self-interested neurons that act in Gymnasium environments."""

from neuronet.control.config import ControlConfig
from neuronet.control.result import ControlResult, Interrupted
from neuronet.control.train import resume, train

__all__ = ["ControlConfig", "ControlResult", "Interrupted", "resume", "train"]
