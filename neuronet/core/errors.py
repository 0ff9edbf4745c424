"""Exceptions raised by NeuroNet, and checks of single parameters."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Set
from contextlib import suppress
from difflib import get_close_matches
from functools import cache, partial
from numbers import Integral, Real
from pathlib import Path

MAX_QUOTED = 200
"""Characters of an input that a message quotes, at most."""

MAX_LISTED = 330
"""Characters of a message from which on it lists less."""

MAX_SENTENCE, MIN_QUOTED = 390, 120
"""Characters of a message from which on it quotes less, and what a quote keeps at least: the path of a file, mostly."""


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def on_one_line(message: str) -> str:
    """Return a message with spaces in place of indented line breaks, as in an array's, and its control characters written out."""
    return _CONTROL.sub(lambda match: repr(match[0])[1:-1], re.sub(r"\n+ +", " ", message))


def with_short_quotes(message: str) -> str:
    """Return a message without the middle of long quotes, long words, and long values that were got.

    Each keeps MAX_QUOTED characters, or fewer down to MIN_QUOTED where the message would otherwise exceed MAX_SENTENCE.
    """
    for length in (MAX_QUOTED, (MAX_QUOTED + MIN_QUOTED) // 2, MIN_QUOTED):
        message = _long_quotes(length).sub(partial(_without_middle, (length - 3) // 2), message)
        if len(message) <= MAX_SENTENCE:
            break
    return message


@cache
def _long_quotes(length: int) -> re.Pattern[str]:
    longer = f"{{{length + 1},}}"
    quotes = "|".join(rf"(?<![\w.)]){mark}[^{mark}]{longer}{mark}" for mark in ("'", '"'))  # a mark after a word closes a quote
    return re.compile(rf"{quotes}|\S{longer}|(?<=got ).{longer}", re.DOTALL)


def _without_middle(half: int, match: re.Match[str]) -> str:
    return f"{match[0][:half]}...{match[0][-half:]}"


class NeuroNetError(ValueError):
    """Base class of all errors that NeuroNet raises on purpose; the message says what is wrong, where, and what is right.

    Args:
        message: One sentence, put on one line; of what it quotes, at most MAX_QUOTED characters are kept.
        *more: Other arguments of an exception.
    """

    def __init__(self, message: object = "", *more: object) -> None:
        super().__init__(with_short_quotes(on_one_line(str(message))), *more)


class ConfigurationError(NeuroNetError):
    """Option, parameter or combination of them that is not possible."""


class SpecError(NeuroNetError):
    """Text such as `greedy(top=3)` that cannot be parsed, or that names something unknown."""


class DataError(NeuroNetError):
    """Samples, files or environments that cannot be used."""


class StateError(NeuroNetError):
    """State, network, graph or checkpoint that is not valid or does not fit the game."""


class DivergedError(NeuroNetError):
    """Loss or activity that is no longer finite."""


class StudyMismatchError(NeuroNetError):
    """Folder that holds a different run or study from the one asked for."""


class LockedError(NeuroNetError):
    """Folder that another process writes."""


class WorkerError(NeuroNetError):
    """Worker process that failed or was lost."""


class MissingExtraError(NeuroNetError):
    """Optional package that is not installed."""


class PolicyError(NeuroNetError):
    """Plug-in (policy, channel, environment, intervention) that breaks its contract."""


class PlugInError(PolicyError):
    """Plug-in of the user's own whose code raised an exception, which is the `__cause__`; its frames are the user's alone.

    Attributes:
        traceback_text: The whole traceback of that exception; empty if it is not known.
    """

    traceback_text: str = ""


class NonFiniteError(PolicyError):
    """Plug-in that gave nan or an infinite number, although everything that it had seen was finite."""


class PolicyWarning(UserWarning):
    """Note on a policy of the user's own that breaks its contract, where a run has no log for it."""


class DataWarning(UserWarning):
    """Note on samples that can be used, but look as if something else was meant."""


class UndeclaredFieldError(PolicyError, AttributeError):
    """Observation field that the policy did not declare in `needs`, or that is not known yet in this hook."""


ALLOCATOR_ERRORS = (
    "can't allocate memory",
    "not enough memory",
    "out of memory",
    "Storage size calculation overflowed",
    "Maximum allowed dimension exceeded",
    "array is too big",
)
"""Words of the errors of the allocators of torch and numpy, which have no class in common."""


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an exception means that memory does not suffice."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in ALLOCATOR_ERRORS)


def shortened(text: str) -> str:
    """Return a text on one line, cut to MAX_QUOTED, for a message that quotes an input or another library's error."""
    line = " ".join(text[: 10 * MAX_QUOTED].split())
    return line if len(line) <= MAX_QUOTED else f"{line[: MAX_QUOTED - 3]}..."


def find_name(name: object, known: Collection[str]) -> str | None:
    """Return the known name that is meant, whatever its capitals, hyphens and underscores; None if there is none.

    Args:
        name: The name as it was given.
        known: The valid names; an exact match wins.
    """
    if not isinstance(name, str):
        return None
    if name in known:
        return name
    meant = [other for other in known if _letters(other) == _letters(name)]
    return meant[0] if len(meant) == 1 else None


def _letters(name: str) -> str:
    return re.sub(r"[-_]", "", name).lower()


def shown(value: object) -> str:
    """Return a value for the end of a message, after "got"; a class gets the hint that an instance is needed."""
    if isinstance(value, type) and not value.__module__.startswith(("torch.", "builtins")):
        return f"the class {value.__name__}: write {value.__name__}()"
    return repr(value)


def unknown_name_error(kind: str, name: str, known: Iterable[str], *, more: str = "") -> SpecError:
    """Return the error for a name that is not among the known names.

    Args:
        kind: What the name stands for, such as "policy".
        name: The unknown name.
        known: The valid names.
        more: What else could be written, which ends the message.
    """
    names = sorted(known)
    close = get_close_matches(str(name), names, n=1)
    beginning, end = with_short_quotes(f"unknown {kind} '{name}': "), f"; {more}" if more else ""
    listed = f"known are {', '.join(names)}"
    if close and len(listed) > MAX_QUOTED:
        return SpecError(f"{beginning}did you mean '{close[0]}'?{end.replace('; ', ' ', 1)}")
    hint = f"did you mean '{close[0]}'? " if close else ""
    room = MAX_LISTED - len(beginning) - len(end)
    if len(listed) > room:
        listed = f"{listed[: room - 5].rpartition(', ')[0]}, ..."
    return SpecError(beginning + hint + listed + end)


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
    """Raise an error unless a parameter is a finite number within its range; True and False are not numbers.

    Args:
        name: Name of the parameter, for the message.
        value: The value given.
        low: Lower bound.
        high: Upper bound.
        whole: Whether it must be an integer.
        above: Whether the lower bound is excluded.
        below: Whether the upper bound is excluded.

    Raises:
        ConfigurationError: The value is out of range or is not such a number.
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
    kind = "an integer" if whole else "a number" if math.isfinite(high) else "a finite number"
    if math.isinf(high):
        span = "" if math.isinf(low) else f" above {low:g}" if above else f" of {low:g} or more"
    else:
        upper = f"below {high:g}" if below else f"at most {high:g}" if above else f"{high:g}"
        span = f" above {low:g} and {upper}" if above else f" from {low:g} to {upper}"
    raise ConfigurationError(f"{name} must be {kind}{span}, got {value!r}")


def check_order(name: str, value: object) -> None:
    """Raise an error if a parameter whose order counts is a set, a mapping or bytes.

    Raises:
        ConfigurationError: It is one of these, so that it has no order, or only a part of it would be read.
    """
    if isinstance(value, Mapping | Set | bytes):
        raise ConfigurationError(f"{name} must be a list, whose order counts, got {shown(value)}")


def check_flag(name: str, value: object) -> None:
    """Raise an error unless a parameter is True or False.

    Raises:
        ConfigurationError: It is not.
    """
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name} must be true or false, got {value!r}")


def named_path(name: str, given: str | Path) -> Path:
    """Return the path that a parameter names.

    Args:
        name: Name of the parameter, for the message.
        given: The path, or its text.

    Raises:
        ConfigurationError: The text is empty, which would be the working directory.
    """
    if not str(given):
        raise ConfigurationError(f"{name} must name a file or folder, got an empty text: write . for the working directory")
    return Path(given)
