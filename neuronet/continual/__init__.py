"""The continual-learning benchmark: tasks one after another, and how much of the earlier ones is left."""

from neuronet.continual.methods.base import Batch, Learner, Lesson, Method, Start
from neuronet.continual.methods.registry import METHODS
from neuronet.continual.protocols.base import Protocol, Task
from neuronet.continual.protocols.registry import PROTOCOLS
from neuronet.continual.studies.api import forget
from neuronet.continual.studies.result import Forgetting

__all__ = ["METHODS", "PROTOCOLS", "Batch", "Forgetting", "Learner", "Lesson", "Method", "Protocol", "Start", "Task", "forget"]
