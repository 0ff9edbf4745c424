"""Training: configuration, the training loop with its callbacks, evaluation, alignment, and the result of a run.

Names are loaded on first use, so that importing the configuration alone loads neither torch nor Mesa.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuronet.training.alignment import ALL_GROUPS, WHOLE_NETWORK, Alignment
    from neuronet.training.assembly import RunContext, build_networks, build_run, hash_samples, resolve_environment
    from neuronet.training.callbacks import ApplyInterventions, Progress
    from neuronet.training.engine_selection import SECONDS_PER_CONNECTION, SECONDS_PER_NEURON, EngineChoice, select_engine
    from neuronet.training.evaluation import MAX_TRAIN_EVAL_SAMPLES, as_numpy, evaluate
    from neuronet.training.network_labels import NetworkLabels, network_labels, policy_names, silent_positions
    from neuronet.training.result import Result
    from neuronet.training.train import coerce_environment, resume, train
    from neuronet.training.trainer import Callback, Trainer, diverged_error

__all__ = [
    "ALL_GROUPS",
    "MAX_TRAIN_EVAL_SAMPLES",
    "SECONDS_PER_CONNECTION",
    "SECONDS_PER_NEURON",
    "WHOLE_NETWORK",
    "Alignment",
    "ApplyInterventions",
    "Callback",
    "EngineChoice",
    "NetworkLabels",
    "Progress",
    "Result",
    "RunContext",
    "Trainer",
    "as_numpy",
    "build_networks",
    "build_run",
    "coerce_environment",
    "diverged_error",
    "evaluate",
    "hash_samples",
    "network_labels",
    "policy_names",
    "resolve_environment",
    "resume",
    "select_engine",
    "silent_positions",
    "train",
]
