"""Evaluation: the run of a sequence of tasks, its metrics and its costs."""

from neuronet.continual.evaluation.metrics import METRICS, average_accuracy, final_accuracy, learning_accuracy
from neuronet.continual.evaluation.pareto_front import configuration_points, hypervolume, pareto_front
from neuronet.continual.evaluation.runner import Experiment, SequenceResult, SequenceRun

__all__ = [
    "METRICS",
    "Experiment",
    "SequenceResult",
    "SequenceRun",
    "average_accuracy",
    "configuration_points",
    "final_accuracy",
    "hypervolume",
    "learning_accuracy",
    "pareto_front",
]
