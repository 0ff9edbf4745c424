"""Training: configuration, the training loop with its callbacks, evaluation, alignment, and the result of a run.

Names are loaded on first use, so that importing the configuration alone loads neither torch nor Mesa.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuronet.training.alignment import ALL_GROUPS, WHOLE_NETWORK, Alignment
    from neuronet.training.api import coerce_environment, resume, train
    from neuronet.training.assembly import RunContext, build_networks, build_run, hash_samples, resolve_environment
    from neuronet.training.callbacks import ApplyInterventions, Progress
    from neuronet.training.engine_selection import SECONDS_PER_CONNECTION, SECONDS_PER_NEURON, EngineChoice, select_engine
    from neuronet.training.evaluation import MAX_TRAIN_EVAL_SAMPLES, as_numpy, evaluate
    from neuronet.training.network_labels import NetworkLabels, network_labels, policy_names, silent_positions
    from neuronet.training.result import Result
    from neuronet.training.trainer import Callback, Trainer, diverged_error

_HOMES = {
    "alignment": ("ALL_GROUPS", "WHOLE_NETWORK", "Alignment"),
    "api": ("coerce_environment", "resume", "train"),
    "assembly": ("RunContext", "build_networks", "build_run", "hash_samples", "resolve_environment"),
    "callbacks": ("ApplyInterventions", "Progress"),
    "engine_selection": ("SECONDS_PER_CONNECTION", "SECONDS_PER_NEURON", "EngineChoice", "select_engine"),
    "evaluation": ("MAX_TRAIN_EVAL_SAMPLES", "as_numpy", "evaluate"),
    "network_labels": ("NetworkLabels", "network_labels", "policy_names", "silent_positions"),
    "result": ("Result",),
    "trainer": ("Callback", "Trainer", "diverged_error"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

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


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'neuronet.training' has no attribute '{name}'")
    return getattr(import_module(f"neuronet.training.{_HOME_OF[name]}"), name)
