"""Methods by name: published methods by the names in METHODS, NeuroNet's own by their policies."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence

from neuronet.continual.methods.analytic import SLDA, RanPAC, Ridge
from neuronet.continual.methods.base import Method
from neuronet.continual.methods.finetuning import Backprop
from neuronet.continual.methods.frozen import Frozen
from neuronet.continual.methods.k_winners import KWinners
from neuronet.continual.methods.layered import Layered
from neuronet.continual.methods.lenet import LeNet
from neuronet.continual.methods.lwf import LwF
from neuronet.continual.methods.penalties.ewc import EWC, OnlineEWC
from neuronet.continual.methods.penalties.mas import MAS
from neuronet.continual.methods.penalties.si import SI
from neuronet.continual.methods.policy_learner import PolicyMethod
from neuronet.continual.methods.projections.gpm import GPM
from neuronet.continual.methods.projections.owm import OWM
from neuronet.continual.methods.rehearsal import AGEM, DER, ER
from neuronet.continual.methods.replay import Joint, Replay
from neuronet.core import ConfigurationError, Policy, SpecError, unknown_name_error
from neuronet.registry import is_mixture, known_policies, parse_population, parse_spec

METHODS: dict[str, type[Method]] = {
    "a-gem": AGEM,
    "backprop": Backprop,
    "der": DER,
    "er": ER,
    "ewc": EWC,
    "ewc-online": OnlineEWC,
    "frozen": Frozen,
    "gpm": GPM,
    "joint": Joint,
    "k-winners": KWinners,
    "layered": Layered,
    "lenet": LeNet,
    "lwf": LwF,
    "mas": MAS,
    "owm": OWM,
    "ranpac": RanPAC,
    "replay": Replay,
    "ridge": Ridge,
    "si": SI,
    "slda": SLDA,
}
"""Every method that is not a policy, by its name."""


def parse_method(text: str) -> Method:
    """Return the method for a spec: "ewc(strength=100)", "greedy(top=3)", "attention:0.9,free-rider:0.1" or "module:Class".

    The class in `module:Class` may be a Method or a Policy.

    Raises:
        SpecError: The spec is not valid.
    """
    if is_mixture(text):
        return PolicyMethod(parse_population(text))
    path = text.partition("(")[0].strip()
    if ":" in path:
        return _parse_custom_method(text, path)
    name = re.split(r"[,\s]", path, maxsplit=1)[0]
    if name in METHODS:
        return parse_spec(text, "method", Method, METHODS)
    policies = known_policies()
    if name not in policies:
        raise unknown_name_error("method or policy", name, [*METHODS, *policies])
    return PolicyMethod(parse_population(text))


def _parse_custom_method(text: str, path: str) -> Method:
    custom_class = _import_attribute(path)
    if isinstance(custom_class, type) and issubclass(custom_class, Policy):
        return PolicyMethod(parse_population(text))
    if custom_class is not None and not (isinstance(custom_class, type) and issubclass(custom_class, Method)):
        raise SpecError(f"'{path}' is not a method or policy: expected a subclass of Method or of Policy")
    method = parse_spec(text, "method or policy", Method, METHODS)
    parameters = getattr(method, "__dataclass_fields__", None)
    if parameters is None:
        raise SpecError(f"'{path}' must be a dataclass (frozen=True): recorded results are identified by its parameters")
    undeclared = next((name for name in method.ranges if name not in parameters), None)
    if undeclared is not None:
        raise SpecError(f"'{path}' has a range for '{undeclared}', which is not one of its parameters")
    return method


def _import_attribute(path: str) -> object:
    """Return the attribute at module:Class; None if it cannot be imported, which `parse_spec` then reports."""
    module, _, name = path.partition(":")
    try:
        return getattr(importlib.import_module(module), name, None)
    except Exception:  # the module is the user's and may fail in any way
        return None


def parse_methods(texts: Sequence[str]) -> dict[str, Method]:
    """Return a method for each spec, by its spec.

    Raises:
        NeuroNetError: A spec is not valid or is given twice, or there is none.
    """
    methods: dict[str, Method] = {}
    for text in texts:
        if text in methods:
            raise ConfigurationError(f"policies has '{text}' twice: give each method once")
        methods[text] = parse_method(text)
    if not methods:
        raise ConfigurationError("a study needs a method or a policy: see neuronet continual --list")
    return methods
