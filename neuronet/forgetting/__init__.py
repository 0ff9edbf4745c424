"""The continual-learning benchmark: tasks one after another, and how much of the earlier ones is left."""

from neuronet.forgetting.learner import Batch, Learner, Lesson, Method, Start
from neuronet.forgetting.methods import METHODS
from neuronet.forgetting.protocols import PROTOCOLS
from neuronet.forgetting.result import Forgetting
from neuronet.forgetting.study import forget
from neuronet.forgetting.task import Protocol, Task

__all__ = ["METHODS", "PROTOCOLS", "Batch", "Forgetting", "Learner", "Lesson", "Method", "Protocol", "Start", "Task", "forget"]
