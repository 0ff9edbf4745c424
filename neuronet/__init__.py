"""NeuroNet: what if every neuron were a self-interested agent?

The names below are loaded when they are first used, so that `import neuronet` is quick and imports neither torch nor mesa.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuronet import interventions as interventions
    from neuronet.channel import Channel as Channel
    from neuronet.channel import ChannelAt as ChannelAt
    from neuronet.conversion import convert as convert
    from neuronet.conversion import revert as revert
    from neuronet.engines.agents import NeuronModel as NeuronModel
    from neuronet.engines.engine import Setup as Setup
    from neuronet.engines.engine import State as State
    from neuronet.engines.tensors import TensorEngine as TensorEngine
    from neuronet.environment import Environment as Environment
    from neuronet.environment import Samples as Samples
    from neuronet.environment import Scaling as Scaling
    from neuronet.environments import Digits as Digits
    from neuronet.environments import Table as Table
    from neuronet.environments import Xor as Xor
    from neuronet.errors import NeuroNetError as NeuroNetError
    from neuronet.graph import from_graph as from_graph
    from neuronet.graph import to_graph as to_graph
    from neuronet.learning import Adam as Adam
    from neuronet.learning import Momentum as Momentum
    from neuronet.learning import Plain as Plain
    from neuronet.network import Network as Network
    from neuronet.network import build_network as build_network
    from neuronet.payoff import CrossEntropy as CrossEntropy
    from neuronet.payoff import SquaredError as SquaredError
    from neuronet.policies import AttentionSeeking as AttentionSeeking
    from neuronet.policies import Greedy as Greedy
    from neuronet.policies import Noisy as Noisy
    from neuronet.policy import LinearPolicy as LinearPolicy
    from neuronet.policy import Observation as Observation
    from neuronet.policy import Policy as Policy
    from neuronet.policy import Wrapper as Wrapper
    from neuronet.population import Group as Group
    from neuronet.population import Population as Population
    from neuronet.run.compare import compare as compare
    from neuronet.run.result import Result as Result
    from neuronet.run.traces import traces as traces
    from neuronet.run.train import resume as resume
    from neuronet.run.train import train as train

__version__ = "0.1.0"

_HOMES = {
    "neuronet.channel": ("Channel", "ChannelAt"),
    "neuronet.conversion": ("convert", "revert"),
    "neuronet.engines.agents": ("NeuronModel",),
    "neuronet.engines.engine": ("Setup", "State"),
    "neuronet.engines.tensors": ("TensorEngine",),
    "neuronet.environment": ("Environment", "Samples", "Scaling"),
    "neuronet.environments": ("Digits", "Table", "Xor"),
    "neuronet.errors": ("NeuroNetError",),
    "neuronet.graph": ("from_graph", "to_graph"),
    "neuronet.learning": ("Adam", "Momentum", "Plain"),
    "neuronet.network": ("Network", "build_network"),
    "neuronet.payoff": ("CrossEntropy", "SquaredError"),
    "neuronet.policies": ("AttentionSeeking", "Greedy", "Noisy"),
    "neuronet.policy": ("LinearPolicy", "Observation", "Policy", "Wrapper"),
    "neuronet.population": ("Group", "Population"),
    "neuronet.run.compare": ("compare",),
    "neuronet.run.result": ("Result",),
    "neuronet.run.traces": ("traces",),
    "neuronet.run.train": ("resume", "train"),
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
