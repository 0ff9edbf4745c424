"""The continual-learning benchmark: tasks one after another, and how much of the earlier ones is left."""

from neuronet.continual.methods.base import Batch, Learner, LearnerConfig, Method, TaskInfo
from neuronet.continual.methods.registry import METHODS
from neuronet.continual.protocols.base import Protocol, Task
from neuronet.continual.protocols.registry import PROTOCOLS
from neuronet.continual.studies.api import continual_study
from neuronet.continual.studies.result import ContinualResult

__all__ = [
    "METHODS",
    "PROTOCOLS",
    "Batch",
    "ContinualResult",
    "Learner",
    "LearnerConfig",
    "Method",
    "Protocol",
    "Task",
    "TaskInfo",
    "continual_study",
]
