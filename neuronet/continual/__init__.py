"""Continual-learning benchmark: tasks are learned one after another, and forgetting of the earlier ones is measured."""

from neuronet.continual.evaluation import (
    METRICS,
    Experiment,
    average_accuracy,
    configuration_points,
    final_accuracy,
    pareto_front,
)
from neuronet.continual.methods import (
    METHODS,
    BackpropLearner,
    Batch,
    Learner,
    LearnerConfig,
    Method,
    TaskInfo,
    keep_largest,
    parse_method,
)
from neuronet.continual.protocols import PRESETS, PROTOCOLS, Preset, Protocol, Schedule, Task, parse_protocol
from neuronet.continual.studies import (
    ContinualConfig,
    ContinualResult,
    FinishedStudy,
    StudySummary,
    continual_study,
    summarize_studies,
)

__all__ = [
    "METHODS",
    "METRICS",
    "PRESETS",
    "PROTOCOLS",
    "BackpropLearner",
    "Batch",
    "ContinualConfig",
    "ContinualResult",
    "Experiment",
    "FinishedStudy",
    "Learner",
    "LearnerConfig",
    "Method",
    "Preset",
    "Protocol",
    "Schedule",
    "StudySummary",
    "Task",
    "TaskInfo",
    "average_accuracy",
    "configuration_points",
    "continual_study",
    "final_accuracy",
    "keep_largest",
    "pareto_front",
    "parse_method",
    "parse_protocol",
    "summarize_studies",
]
