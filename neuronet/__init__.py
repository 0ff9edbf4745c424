"""NeuroNet: what if every neuron were a self-interested agent?

The names below are loaded when they are first used, so that `import neuronet` is quick and imports neither torch nor mesa.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from neuronet.version import __version__

if TYPE_CHECKING:
    from neuronet import interventions as interventions
    from neuronet.channels import Channel as Channel
    from neuronet.channels import ChannelAt as ChannelAt
    from neuronet.comparison import compare as compare
    from neuronet.conversion import convert as convert
    from neuronet.conversion import revert as revert
    from neuronet.core import SGD as SGD
    from neuronet.core import Adam as Adam
    from neuronet.core import Column as Column
    from neuronet.core import CrossEntropy as CrossEntropy
    from neuronet.core import Encoding as Encoding
    from neuronet.core import Environment as Environment
    from neuronet.core import Group as Group
    from neuronet.core import LinearPolicy as LinearPolicy
    from neuronet.core import Momentum as Momentum
    from neuronet.core import Network as Network
    from neuronet.core import NeuroNetError as NeuroNetError
    from neuronet.core import Observation as Observation
    from neuronet.core import Policy as Policy
    from neuronet.core import Samples as Samples
    from neuronet.core import Scaling as Scaling
    from neuronet.core import SquaredError as SquaredError
    from neuronet.core import Wrapper as Wrapper
    from neuronet.core import from_edges as from_edges
    from neuronet.core import from_graph as from_graph
    from neuronet.core import from_matrices as from_matrices
    from neuronet.core import to_graph as to_graph
    from neuronet.engines.agents import NeuronModel as NeuronModel
    from neuronet.engines.base import Setup as Setup
    from neuronet.engines.base import State as State
    from neuronet.engines.tensors import TensorEngine as TensorEngine
    from neuronet.environments import Digits as Digits
    from neuronet.environments import Table as Table
    from neuronet.environments import Xor as Xor
    from neuronet.estimators import NeuronClassifier as NeuronClassifier
    from neuronet.estimators import NeuronRegressor as NeuronRegressor
    from neuronet.models import Model as Model
    from neuronet.models import load as load
    from neuronet.policies import AttentionSeeking as AttentionSeeking
    from neuronet.policies import Greedy as Greedy
    from neuronet.policies import Noisy as Noisy
    from neuronet.recording import traces as traces
    from neuronet.registry import Population as Population
    from neuronet.registry import build_network as build_network
    from neuronet.statistics import gini as gini
    from neuronet.training import Result as Result
    from neuronet.training import resume as resume
    from neuronet.training import train as train

_HOMES = {
    "channels": "Channel ChannelAt",
    "comparison": "compare",
    "conversion": "convert revert",
    "core": (
        "Adam Column CrossEntropy Encoding Environment Group LinearPolicy Momentum Network NeuroNetError Observation Policy "
        "SGD Samples Scaling SquaredError Wrapper from_edges from_graph from_matrices to_graph"
    ),
    "engines.agents": "NeuronModel",
    "engines.base": "Setup State",
    "engines.tensors": "TensorEngine",
    "environments": "Digits Table Xor",
    "estimators": "NeuronClassifier NeuronRegressor",
    "models": "Model load",
    "policies": "AttentionSeeking Greedy Noisy",
    "recording": "traces",
    "registry": "Population build_network",
    "statistics": "gini",
    "training": "Result resume train",
}
_HOME_OF = {name: f"neuronet.{home}" for home, names in _HOMES.items() for name in names.split()}

_MODULES = ("interventions",)

__all__ = ["__version__", *_HOME_OF, *_MODULES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"neuronet.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'neuronet' has no attribute '{name}'")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
