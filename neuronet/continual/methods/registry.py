"""Finding a way to learn by its text: the methods of others by their names here, our own by their policies."""

from __future__ import annotations

import importlib
import re

from neuronet.continual.methods.base import Method
from neuronet.continual.methods.finetuning import Backprop
from neuronet.continual.methods.frozen import Frozen
from neuronet.continual.methods.k_winners import KWinners
from neuronet.continual.methods.lwf import LwF
from neuronet.continual.methods.penalties.ewc import EWC, OnlineEWC
from neuronet.continual.methods.penalties.mas import MAS
from neuronet.continual.methods.penalties.si import SI
from neuronet.continual.methods.policy_learner import PolicyMethod
from neuronet.continual.methods.projections.gpm import GPM
from neuronet.continual.methods.projections.owm import OWM
from neuronet.continual.methods.replay import Joint, Replay
from neuronet.core.errors import NeuroNetError, unknown_name_error
from neuronet.core.policy import Policy
from neuronet.registry import is_mixture, known_policies, parse_population, parse_spec

METHODS: dict[str, type[Method]] = {
    "backprop": Backprop,
    "ewc": EWC,
    "ewc-online": OnlineEWC,
    "frozen": Frozen,
    "gpm": GPM,
    "joint": Joint,
    "k-winners": KWinners,
    "lwf": LwF,
    "mas": MAS,
    "owm": OWM,
    "replay": Replay,
    "si": SI,
}
"""Every method that is no policy, by its name."""


def parse_method(text: str) -> Method:
    """The way to learn that a line of text describes: "ewc(strength=100)", "greedy(top=3)", "attention:0.9,free-rider:0.1".

    A class of the user's own is `module:Class`, be it a method or a policy.

    Raises:
        NeuroNetError: There is none.
    """
    if is_mixture(text):
        return PolicyMethod(parse_population(text))
    path = text.partition("(")[0].strip()
    if ":" in path:
        return _from_module(text, path)
    name = re.split(r"[,\s]", path, maxsplit=1)[0]
    if name in METHODS:
        return parse_spec(text, "method", Method, METHODS)  # type: ignore[type-abstract]
    policies = known_policies()
    if name not in policies:
        raise unknown_name_error("method or policy", name, [*METHODS, *policies])
    return PolicyMethod(parse_population(text))


def _from_module(text: str, path: str) -> Method:
    """The method of a class of the user's own, which is a Method or a Policy."""
    found = _import_attribute(path)
    if isinstance(found, type) and issubclass(found, Policy):
        return PolicyMethod(parse_population(text))
    if found is not None and not (isinstance(found, type) and issubclass(found, Method)):
        raise NeuroNetError(f"'{path}' is no method or policy: it must be a subclass of Method or of Policy")
    method = parse_spec(text, "method or policy", Method, METHODS)  # type: ignore[type-abstract]
    parameters = getattr(method, "__dataclass_fields__", None)
    if parameters is None:
        raise NeuroNetError(f"'{path}' must be a dataclass (frozen=True), since a study keeps its games by its parameters")
    undeclared = next((name for name in method.ranges if name not in parameters), None)
    if undeclared is not None:
        raise NeuroNetError(f"'{path}' has a range of '{undeclared}', which is none of its parameters")
    return method


def _import_attribute(path: str) -> object:
    """What stands at module:Class; None if nothing can be found there, which `parse_spec` says better."""
    module, _, name = path.partition(":")
    try:
        return getattr(importlib.import_module(module), name, None)
    except Exception:  # whatever goes wrong in a module of the user's own
        return None


def parse_methods(texts: list[str]) -> dict[str, Method]:
    """Several, by their texts.

    Raises:
        NeuroNetError: One is unknown, or given twice.
    """
    found: dict[str, Method] = {}
    for text in texts:
        if text in found:
            raise NeuroNetError(f"'{text}' is to be compared twice")
        found[text] = parse_method(text)
    if not found:
        raise NeuroNetError("a study needs a method or a policy: see neuronet continual --list")
    return found
