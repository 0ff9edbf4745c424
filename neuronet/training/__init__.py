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
    from neuronet.training.config import RunConfig, make_config, read_config, read_options, validate_config
    from neuronet.training.engine_selection import SECONDS_PER_CONNECTION, SECONDS_PER_NEURON, EngineChoice, select_engine
    from neuronet.training.evaluation import MAX_TRAIN_EVAL_SAMPLES, as_numpy, evaluate
    from neuronet.training.fields import ActivationName, Count, OptimizerField, PopulationField, PositiveFloat, Seed, WiringField
    from neuronet.training.labels import NetworkLabels, network_labels, policy_names, silent_positions
    from neuronet.training.options import COMPUTE, CONTROL_OPTIONS, NETWORK, OUTPUT, PANELS, RUN_OPTIONS, TRAINING, OptionInfo
    from neuronet.training.result import Result
    from neuronet.training.trainer import Callback, Trainer, diverged_error

_HOMES = {
    "config": (
        "RunConfig",
        "make_config",
        "read_config",
        "read_options",
        "validate_config",
    ),
    "fields": (
        "ActivationName",
        "Count",
        "OptimizerField",
        "PopulationField",
        "PositiveFloat",
        "Seed",
        "WiringField",
    ),
    "options": (
        "COMPUTE",
        "CONTROL_OPTIONS",
        "NETWORK",
        "OUTPUT",
        "OptionInfo",
        "PANELS",
        "RUN_OPTIONS",
        "TRAINING",
    ),
    "alignment": ("ALL_GROUPS", "WHOLE_NETWORK", "Alignment"),
    "api": ("coerce_environment", "resume", "train"),
    "assembly": ("RunContext", "build_networks", "build_run", "hash_samples", "resolve_environment"),
    "callbacks": ("ApplyInterventions", "Progress"),
    "engine_selection": ("SECONDS_PER_CONNECTION", "SECONDS_PER_NEURON", "EngineChoice", "select_engine"),
    "evaluation": ("MAX_TRAIN_EVAL_SAMPLES", "as_numpy", "evaluate"),
    "labels": ("NetworkLabels", "network_labels", "policy_names", "silent_positions"),
    "result": ("Result",),
    "trainer": ("Callback", "Trainer", "diverged_error"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ALL_GROUPS",
    "COMPUTE",
    "CONTROL_OPTIONS",
    "MAX_TRAIN_EVAL_SAMPLES",
    "NETWORK",
    "OUTPUT",
    "PANELS",
    "RUN_OPTIONS",
    "SECONDS_PER_CONNECTION",
    "SECONDS_PER_NEURON",
    "TRAINING",
    "WHOLE_NETWORK",
    "ActivationName",
    "Alignment",
    "ApplyInterventions",
    "Callback",
    "Count",
    "EngineChoice",
    "NetworkLabels",
    "OptimizerField",
    "OptionInfo",
    "PopulationField",
    "PositiveFloat",
    "Progress",
    "Result",
    "RunConfig",
    "RunContext",
    "Seed",
    "Trainer",
    "WiringField",
    "as_numpy",
    "build_networks",
    "build_run",
    "coerce_environment",
    "diverged_error",
    "evaluate",
    "hash_samples",
    "make_config",
    "network_labels",
    "policy_names",
    "read_config",
    "read_options",
    "resolve_environment",
    "resume",
    "select_engine",
    "silent_positions",
    "train",
    "validate_config",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'neuronet.training' has no attribute '{name}'")
    return getattr(import_module(f"neuronet.training.{_HOME_OF[name]}"), name)
