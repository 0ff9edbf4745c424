"""The one exception that NeuroNet raises on purpose."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class NeuroNetError(ValueError):
    """Something that was asked for cannot be done: the message says what, where, and what would be right."""


def unknown(kind: str, name: str, known: Iterable[str]) -> NeuroNetError:
    """The error for a name that is not among the known ones.

    Args:
        kind: What the name should have named, such as "policy".
        name: What was asked for.
        known: The names that would have been right.
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return NeuroNetError(f"unknown {kind} '{name}': {hint}known are {', '.join(names)}")
