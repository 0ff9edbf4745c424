"""The one exception that NeuroNet raises on purpose."""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import suppress
from difflib import get_close_matches
from numbers import Integral, Real


class NeuroNetError(ValueError):
    """Something that was asked for cannot be done: the message says what, where, and what would be right."""


class UnseenError(NeuroNetError, AttributeError):
    """A policy looked at something that it cannot see."""


def unknown(kind: str, name: str, known: Iterable[str]) -> NeuroNetError:
    """The error for a name that is not among the known ones.

    Args:
        kind: What the name should have named, such as "policy".
        name: What was asked for.
        known: The names that would have been right.
    """
    names = sorted(known)
    close = get_close_matches(str(name), names, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return NeuroNetError(f"unknown {kind} '{name}': {hint}known are {', '.join(names)}")


def check_number(
    name: str,
    value: object,
    low: float,
    high: float = math.inf,
    *,
    whole: bool = False,
    above: bool = False,
    below: bool = False,
) -> None:
    """Refuse a parameter that is no finite number within its range; True and False are no numbers.

    Args:
        name: What the parameter is called.
        value: What was given.
        low: The least it may be.
        high: The most it may be.
        whole: Whether it must be a whole number.
        above: Whether it must be above `low`, not equal to it.
        below: Whether it must be below `high`, not equal to it.

    Raises:
        NeuroNetError: It is out of range, or no such number.
    """
    number = math.nan
    kinds = Integral if whole else Real  # numpy's numbers are numbers, too
    if not isinstance(value, bool) and isinstance(value, kinds):
        with suppress(OverflowError):
            number = float(value)
    over = number > low if above else number >= low
    under = number < high if below else number <= high
    if over and under and not math.isinf(number):
        return
    kind = "a whole number" if whole else "a number" if math.isfinite(high) else "a finite number"
    if math.isinf(high):
        span = f"above {low:g}" if above else f"of {low:g} or more"
    else:
        upper = f"below {high:g}" if below else f"at most {high:g}" if above else f"{high:g}"
        span = f"above {low:g} and {upper}" if above else f"from {low:g} to {upper}"
    raise NeuroNetError(f"{name} must be {kind} {span}, got {value!r}")
