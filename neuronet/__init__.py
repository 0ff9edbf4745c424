"""NeuroNet: what if every neuron were a self-interested agent?

The names below are loaded when they are first used, so that `import neuronet` is quick and imports neither torch nor mesa.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuronet import interventions as interventions
    from neuronet.channels import Channel as Channel
    from neuronet.channels import ChannelAt as ChannelAt
    from neuronet.comparison.study import compare as compare
    from neuronet.conversion import convert as convert
    from neuronet.conversion import revert as revert
    from neuronet.core.environment import Environment as Environment
    from neuronet.core.environment import Samples as Samples
    from neuronet.core.environment import Scaling as Scaling
    from neuronet.core.errors import NeuroNetError as NeuroNetError
    from neuronet.core.learning.optimizers import SGD as SGD
    from neuronet.core.learning.optimizers import Adam as Adam
    from neuronet.core.learning.optimizers import Momentum as Momentum
    from neuronet.core.payoff import CrossEntropy as CrossEntropy
    from neuronet.core.payoff import SquaredError as SquaredError
    from neuronet.core.policy import LinearPolicy as LinearPolicy
    from neuronet.core.policy import Observation as Observation
    from neuronet.core.policy import Policy as Policy
    from neuronet.core.policy import Wrapper as Wrapper
    from neuronet.core.structure.graph import from_graph as from_graph
    from neuronet.core.structure.graph import to_graph as to_graph
    from neuronet.core.structure.network import Network as Network
    from neuronet.core.structure.population import Group as Group
    from neuronet.core.structure.population import Population as Population
    from neuronet.engines.agents import NeuronModel as NeuronModel
    from neuronet.engines.base import Setup as Setup
    from neuronet.engines.base import State as State
    from neuronet.engines.tensors import TensorEngine as TensorEngine
    from neuronet.environments import Digits as Digits
    from neuronet.environments import Table as Table
    from neuronet.environments import Xor as Xor
    from neuronet.policies import AttentionSeeking as AttentionSeeking
    from neuronet.policies import Greedy as Greedy
    from neuronet.policies import Noisy as Noisy
    from neuronet.recording.traces.store import traces as traces
    from neuronet.registry import build_network as build_network
    from neuronet.training.api import resume as resume
    from neuronet.training.api import train as train
    from neuronet.training.result import Result as Result

__version__ = "0.1.0"

_HOMES = {
    "neuronet.channels": ("Channel", "ChannelAt"),
    "neuronet.conversion": ("convert", "revert"),
    "neuronet.engines.agents": ("NeuronModel",),
    "neuronet.engines.base": ("Setup", "State"),
    "neuronet.engines.tensors": ("TensorEngine",),
    "neuronet.core.environment": ("Environment", "Samples", "Scaling"),
    "neuronet.environments": ("Digits", "Table", "Xor"),
    "neuronet.core.errors": ("NeuroNetError",),
    "neuronet.core.structure.graph": ("from_graph", "to_graph"),
    "neuronet.core.learning.optimizers": ("Adam", "Momentum", "SGD"),
    "neuronet.core.structure.network": ("Network",),
    "neuronet.registry": ("build_network",),
    "neuronet.core.payoff": ("CrossEntropy", "SquaredError"),
    "neuronet.policies": ("AttentionSeeking", "Greedy", "Noisy"),
    "neuronet.core.policy": ("LinearPolicy", "Observation", "Policy", "Wrapper"),
    "neuronet.core.structure.population": ("Group", "Population"),
    "neuronet.comparison.study": ("compare",),
    "neuronet.training.result": ("Result",),
    "neuronet.recording.traces.store": ("traces",),
    "neuronet.training.api": ("resume", "train"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

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
