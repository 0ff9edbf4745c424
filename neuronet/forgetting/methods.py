"""Finding a way to learn by its text: the methods of others by their names here, our own by their policies."""

from __future__ import annotations

import re

from neuronet.errors import NeuroNetError, unknown
from neuronet.forgetting.backprop import Backprop
from neuronet.forgetting.ewc import EWC, OnlineEWC
from neuronet.forgetting.frozen import Frozen
from neuronet.forgetting.learner import Method
from neuronet.forgetting.lwf import LwF
from neuronet.forgetting.mas import MAS
from neuronet.forgetting.replay import Joint, Replay
from neuronet.forgetting.si import SI
from neuronet.forgetting.society import Society
from neuronet.run.catalogue import known_policies
from neuronet.run.society import has_shares, population_from
from neuronet.spec import build

METHODS: dict[str, type[Method]] = {
    "backprop": Backprop,
    "ewc": EWC,
    "ewc-online": OnlineEWC,
    "frozen": Frozen,
    "joint": Joint,
    "lwf": LwF,
    "mas": MAS,
    "replay": Replay,
    "si": SI,
}
"""Every method that is no policy, by its name."""


def method_named(text: str) -> Method:
    """The way to learn that a line of text describes: "ewc(strength=100)", "greedy(top=3)", "attention:0.9,free-rider:0.1".

    Raises:
        NeuroNetError: There is none.
    """
    name = re.split(r"[(:,\s]", text.strip(), maxsplit=1)[0]
    if name in METHODS and not has_shares(text):
        return build(text, "method", Method, METHODS)  # type: ignore[type-abstract]
    policies = known_policies()
    if not has_shares(text) and ":" not in text.partition("(")[0] and name not in policies:
        raise unknown("method or policy", name, [*METHODS, *policies])
    return Society(population_from(text))


def methods_named(texts: list[str]) -> dict[str, Method]:
    """Several, by their texts.

    Raises:
        NeuroNetError: One is unknown, or given twice.
    """
    found: dict[str, Method] = {}
    for text in texts:
        if text in found:
            raise NeuroNetError(f"'{text}' is to be compared twice")
        found[text] = method_named(text)
    if not found:
        raise NeuroNetError("a study needs a method or a policy: see neuronet forget --list")
    return found
