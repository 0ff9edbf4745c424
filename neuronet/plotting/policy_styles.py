"""Colours of policies, the same in every figure; markers and dashes distinguish policies of one colour."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import product
from typing import TypeVar

from neuronet.plotting import style

Mark = TypeVar("Mark")

WINE, INDIGO, OLIVE, BROWN = "#882255", "#332288", "#999933", "#8C510A"

POLICY_HUES: dict[str, str] = {
    "attention": style.INK,
    "free-rider": style.GREEN,
    "contrarian": style.PINK,
    "greedy": style.AMBER,
    "noisy": style.SKY,
    "copycat": WINE,
    "hebbian": INDIGO,
    "stubborn": OLIVE,
    "budgeted": BROWN,
}
"""Colour of policies that are often compared; the others take turns by `_SPARE_HUES`. Without the blue and orange of weights."""

_SPARE_HUES = tuple(dict.fromkeys(POLICY_HUES.values()))


def policy_hues(names: Iterable[str]) -> dict[str, str]:
    """Return the colour of each policy: its own, whatever its parameters, or one that no other policy of the figure has.

    Args:
        names: Specs of the policies, such as "greedy(top=2)", in the order of the figure.
    """
    listed = list(dict.fromkeys(names))
    own = {name: POLICY_HUES[base] for name in listed if (base := _base(name)) in POLICY_HUES}
    spare = [hue for hue in _SPARE_HUES if hue not in own.values()] or list(_SPARE_HUES)
    others = {name: spare[number % len(spare)] for number, name in enumerate(name for name in listed if name not in own)}
    return {name: own.get(name) or others[name] for name in listed}


def policy_styles(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return a colour and a marker for each policy, in the order of first appearance."""
    return _distinct(names, style.POLICY_MARKERS)


def policy_lines(names: Sequence[str]) -> dict[str, tuple[str, style.Dashes]]:
    """Return a colour and dashes for each policy, in the order of first appearance."""
    return _distinct(names, style.DASHES)


def run_lines(names: Sequence[str]) -> dict[str, tuple[str, style.Dashes]]:
    """Return a colour and dashes for each run: those of its policy, or by number where a name is not that of a policy."""
    if all(_base(name) in POLICY_HUES for name in names):
        return policy_lines(names)
    return {name: style.line_style(number) for number, name in enumerate(names)}


def _distinct(names: Iterable[str], marks: Sequence[Mark]) -> dict[str, tuple[str, Mark]]:
    found: dict[str, tuple[str, Mark]] = {}
    for number, (name, hue) in enumerate(policy_hues(names).items()):
        first = number % len(marks)
        choices = product((hue, *_SPARE_HUES), (*marks[first:], *marks[:first]))
        found[name] = next((choice for choice in choices if choice not in found.values()), (hue, marks[first]))
    return found


def _base(name: str) -> str:
    """Return the name of a policy without its parameters; empty where the text mixes policies."""
    match = re.fullmatch(r"\s*([\w.-]+)\s*(\(.*\))?(\s*\(\d+ seeds\))?\s*", name, re.DOTALL)
    return "" if match is None else match[1]
