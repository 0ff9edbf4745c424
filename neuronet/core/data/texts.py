"""Content of texts that others may have written: JSON and TOML of limited depth, and numbers in plain digits."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable
from typing import Any

MAX_NESTING = 100
"""Lists and objects within each other, at most."""

_INTEGER = re.compile(r"\s*[+-]?[0-9]+(_[0-9]+)*\s*")
_PLAIN_NUMBER = re.compile(r"[\x00-\x5e\x60-\x7f]*")  # ASCII without _


def parse_json(text: str) -> Any:
    """Return the content of a text in JSON.

    Raises:
        ValueError: It is not JSON, or it is nested more than MAX_NESTING deep.
    """
    return _parsed(json.loads, text)


def parse_toml(text: str) -> dict[str, Any]:
    """Return the content of a text in TOML.

    Raises:
        ValueError: It is not TOML, or it is nested more than MAX_NESTING deep.
    """
    content: dict[str, Any] = _parsed(tomllib.loads, text)
    return content


def parse_integer(text: str) -> int:
    """Return the integer that a text writes in the digits 0 to 9, which may be grouped by underscores, as in Python and TOML.

    Python's `int` would take the digits of other scripts, too.

    Raises:
        ValueError: It is not an integer.
    """
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"{text!r} is not an integer")
    return int(text)


def is_plain_number(text: str) -> bool:
    """Return whether a number, which Python has read from a text, is written in ASCII without underscores, as in tables."""
    return _PLAIN_NUMBER.fullmatch(text) is not None


def _parsed(parse: Callable[[str], Any], text: str) -> Any:
    too_deep = ValueError(f"it is nested more than {MAX_NESTING} deep")
    try:
        content = parse(text)
    except RecursionError:
        raise too_deep from None
    if text.count("[") + text.count("{") + text.count(".") > MAX_NESTING and _is_deep(content):
        raise too_deep
    return content


def _is_deep(content: Any) -> bool:
    """Return whether lists and dictionaries are nested more than MAX_NESTING deep."""
    holders = [content] if isinstance(content, dict | list) else []
    for _ in range(MAX_NESTING):
        holders = [item for holder in holders for item in _items(holder) if isinstance(item, dict | list)]
    return bool(holders)


def _items(holder: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return holder.values() if isinstance(holder, dict) else holder
