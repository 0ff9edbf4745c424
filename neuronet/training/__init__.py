"""Training: configuration, the training loop with its callbacks, evaluation, alignment, and the result of a run.

Names are loaded on first use, so that importing the configuration alone loads neither torch nor Mesa.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuronet.training.alignment import ALL_GROUPS as ALL_GROUPS
    from neuronet.training.alignment import WHOLE_NETWORK as WHOLE_NETWORK
    from neuronet.training.alignment import Alignment as Alignment
    from neuronet.training.api import note_policies as note_policies
    from neuronet.training.api import resume as resume
    from neuronet.training.api import train as train
    from neuronet.training.api import warn_or_log as warn_or_log
    from neuronet.training.arguments import ARRAYS as ARRAYS
    from neuronet.training.arguments import coerce_environment as coerce_environment
    from neuronet.training.arguments import network_options as network_options
    from neuronet.training.assembly import RunContext as RunContext
    from neuronet.training.assembly import build_networks as build_networks
    from neuronet.training.assembly import build_run as build_run
    from neuronet.training.assembly import continue_run as continue_run
    from neuronet.training.assembly import hash_samples as hash_samples
    from neuronet.training.assembly import resolve_environment as resolve_environment
    from neuronet.training.callbacks.base import Callback as Callback
    from neuronet.training.callbacks.base import CallbackError as CallbackError
    from neuronet.training.callbacks.base import RunProgress as RunProgress
    from neuronet.training.callbacks.base import TrainableEngine as TrainableEngine
    from neuronet.training.callbacks.best_checkpoint import BestCheckpoint as BestCheckpoint
    from neuronet.training.callbacks.early_stopping import EarlyStopping as EarlyStopping
    from neuronet.training.callbacks.loggers import LOGGERS as LOGGERS
    from neuronet.training.callbacks.loggers import MLflow as MLflow
    from neuronet.training.callbacks.loggers import TensorBoard as TensorBoard
    from neuronet.training.callbacks.loggers import WandB as WandB
    from neuronet.training.callbacks.loggers import make_loggers as make_loggers
    from neuronet.training.callbacks.progress import Progress as Progress
    from neuronet.training.callbacks.recording import diverged_error as diverged_error
    from neuronet.training.callbacks.rounds import ApplyInterventions as ApplyInterventions
    from neuronet.training.callbacks.rounds import RecordTraces as RecordTraces
    from neuronet.training.config import DATA_OPTIONS as DATA_OPTIONS
    from neuronet.training.config import RunConfig as RunConfig
    from neuronet.training.config import check_modules as check_modules
    from neuronet.training.config import make_config as make_config
    from neuronet.training.config import read_config as read_config
    from neuronet.training.config import read_options as read_options
    from neuronet.training.config import validate_config as validate_config
    from neuronet.training.engine_selection import SECONDS_PER_CONNECTION as SECONDS_PER_CONNECTION
    from neuronet.training.engine_selection import SECONDS_PER_NEURON as SECONDS_PER_NEURON
    from neuronet.training.engine_selection import EngineChoice as EngineChoice
    from neuronet.training.engine_selection import select_engine as select_engine
    from neuronet.training.evaluation import MAX_TRAIN_EVAL_SAMPLES as MAX_TRAIN_EVAL_SAMPLES
    from neuronet.training.evaluation import as_numpy as as_numpy
    from neuronet.training.evaluation import evaluate as evaluate
    from neuronet.training.fields import ActivationName as ActivationName
    from neuronet.training.fields import Count as Count
    from neuronet.training.fields import OptimizerField as OptimizerField
    from neuronet.training.fields import PopulationField as PopulationField
    from neuronet.training.fields import PositiveFloat as PositiveFloat
    from neuronet.training.fields import Seed as Seed
    from neuronet.training.fields import WiringField as WiringField
    from neuronet.training.inequality import Inequality as Inequality
    from neuronet.training.labels import NetworkLabels as NetworkLabels
    from neuronet.training.labels import in_epochs as in_epochs
    from neuronet.training.labels import network_labels as network_labels
    from neuronet.training.labels import policy_names as policy_names
    from neuronet.training.labels import silent_positions as silent_positions
    from neuronet.training.options import COMPUTE as COMPUTE
    from neuronet.training.options import CONTROL_OPTIONS as CONTROL_OPTIONS
    from neuronet.training.options import NETWORK as NETWORK
    from neuronet.training.options import OUTPUT as OUTPUT
    from neuronet.training.options import PANELS as PANELS
    from neuronet.training.options import RUN_OPTIONS as RUN_OPTIONS
    from neuronet.training.options import TRAINING as TRAINING
    from neuronet.training.options import OptionInfo as OptionInfo
    from neuronet.training.recorded_run import RecordedRun as RecordedRun
    from neuronet.training.result import Result as Result
    from neuronet.training.run import Run as Run
    from neuronet.training.trainer import Trainer as Trainer

_HOMES = {
    "alignment": "ALL_GROUPS WHOLE_NETWORK Alignment",
    "api": "note_policies resume train warn_or_log",
    "arguments": "ARRAYS coerce_environment network_options",
    "assembly": "RunContext build_networks build_run continue_run hash_samples resolve_environment",
    "callbacks.base": "Callback CallbackError RunProgress TrainableEngine",
    "callbacks.best_checkpoint": "BestCheckpoint",
    "callbacks.early_stopping": "EarlyStopping",
    "callbacks.loggers": "LOGGERS MLflow TensorBoard WandB make_loggers",
    "callbacks.progress": "Progress",
    "callbacks.recording": "diverged_error",
    "callbacks.rounds": "ApplyInterventions RecordTraces",
    "config": "DATA_OPTIONS RunConfig check_modules make_config read_config read_options validate_config",
    "engine_selection": "SECONDS_PER_CONNECTION SECONDS_PER_NEURON EngineChoice select_engine",
    "evaluation": "MAX_TRAIN_EVAL_SAMPLES as_numpy evaluate",
    "fields": "ActivationName Count OptimizerField PopulationField PositiveFloat Seed WiringField",
    "inequality": "Inequality",
    "labels": "NetworkLabels in_epochs network_labels policy_names silent_positions",
    "options": "COMPUTE CONTROL_OPTIONS NETWORK OUTPUT OptionInfo PANELS RUN_OPTIONS TRAINING",
    "recorded_run": "RecordedRun",
    "result": "Result",
    "run": "Run",
    "trainer": "Trainer",
}
_HOME_OF = {name: f"neuronet.training.{home}" for home, names in _HOMES.items() for name in names.split()}

__all__ = [*_HOME_OF]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'neuronet.training' has no attribute '{name}'")
    return getattr(import_module(_HOME_OF[name]), name)
