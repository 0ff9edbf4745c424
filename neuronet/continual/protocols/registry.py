"""Protocols by name."""

from __future__ import annotations

from neuronet.continual.protocols.base import Protocol
from neuronet.continual.protocols.class_splits import SplitClass, SplitDomain, SplitTask
from neuronet.continual.protocols.input_shifts import Gradual, Permuted, Rotated
from neuronet.registry import parse_spec

PROTOCOLS: dict[str, type[Protocol]] = {
    "split-task": SplitTask,
    "split-domain": SplitDomain,
    "split-class": SplitClass,
    "permuted": Permuted,
    "rotated": Rotated,
    "gradual": Gradual,
}
"""Every protocol by its name."""


def parse_protocol(text: str) -> Protocol:
    """Return the protocol for a spec such as "permuted(tasks=50)".

    Raises:
        SpecError: The spec is not valid.
    """
    return parse_spec(text, "protocol", Protocol, PROTOCOLS)
