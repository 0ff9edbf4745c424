"""Grammar of specs: one line of text that describes a policy, an optimizer, a channel, an intervention, ...

    spec      NAME  or  NAME(argument, ...)
    argument  value  or  NAME=value; arguments without a name come first
    value     number (85% is 0.85), true, false, None, 'text', [value, ...], or a spec
    NAME      letters, digits, "_", "-" and "."; `module:Class` names a class of the user's own

A spec may have a prefix that says where or when (`demand@2: dropout(0.3)`, `round 120: revive()`), or a share (`greedy:0.1`).
Python's own parser reads the structure alone: atoms are replaced by placeholders first, and nothing is evaluated.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neuronet.core import SpecError

MAX_DIGITS = 18
"""Digits of an integer: what any array can hold."""

SHOWN = 80
"""Characters of a text that an error quotes."""

EXAMPLE = "name or name(parameter=value)"

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?%?"
_TOKEN = re.compile(
    rf"\s*(?:(?P<number>{_NUMBER}(?![\w.]))"
    r"|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|'[^']*'|\"[^\"]*\")"
    r"|(?P<name>[A-Za-z_][\w.-]*(?::[A-Za-z_]\w*)?)|(?P<mark>[()\[\],=]))",
    re.DOTALL,
)
_CONSTANTS = {"true": True, "false": False, "True": True, "False": False, "None": None}
_PREFIX = re.compile(r"([^:()\[\]'\"]*):(.*)", re.DOTALL)
_SHARE = re.compile(rf"(.*\S)\s*:\s*({_NUMBER})", re.DOTALL)


@dataclass(frozen=True)
class Call:
    """A spec after parsing; a value is a number, a bool, None, a str, a tuple of values or another Call.

    Attributes:
        name: A known name or `module:Class`.
        positional: Arguments without a name.
        named: Arguments by name.
    """

    name: str
    positional: tuple[Any, ...]
    named: Mapping[str, Any]


def parse_call(text: str, kind: str, example: str = EXAMPLE) -> Call:
    """Parse a spec without a prefix or a share.

    Args:
        text: The spec.
        kind: What it describes, such as "policy", for the messages.
        example: What would be right, for the messages.

    Raises:
        SpecError: The text does not follow the grammar, is nested too deeply, or has an integer with too many digits.
    """
    return _Parser(text, kind, example).call()


def syntax_error(kind: str, text: str, example: str, where: str = "") -> SpecError:
    """Return the error for a text that does not follow the grammar."""
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
    return SpecError(f"cannot parse the {kind} '{shown}'{where and ' '}{where}: write {example}")


def split_prefix(text: str, kind: str, example: str) -> tuple[str, str]:
    """Split `prefix: spec` at its first colon.

    Raises:
        SpecError: The text has no prefix.
    """
    match = _PREFIX.fullmatch(text)
    if match is None:
        raise syntax_error(kind, text, example)
    return match[1].strip(), match[2].strip()


def split_share(text: str) -> tuple[str, float | None]:
    """Split `spec:0.9` or `spec:90%` into the spec and its share; the share is None if there is none."""
    match = _SHARE.fullmatch(text)
    return (text, None) if match is None else (match[1], _as_float(match[2]))


def _as_float(number: str) -> float:
    """Return a number as written; 85% is 0.85."""
    return float(number[:-1]) / 100 if number.endswith("%") else float(number)


def split_list(text: str) -> list[str]:
    """Split a text at the commas that are outside of brackets and quotes; the parts are stripped."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if letter == quote:
            quote = ""
        elif not quote and letter in "'\"":
            quote = letter
        elif not quote:
            depth += (letter in "([") - (letter in ")]")
        if letter == "," and not quote and depth <= 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def format_text(text: str) -> str:
    """Quote a text so that the grammar reads it back."""
    quote = '"' if "'" in text and '"' not in text else "'"
    return quote + text.replace(quote, "\\" + quote) + quote


class _Parser:
    """Replaces the atoms of a spec by placeholders, lets Python parse what is left, and puts the atoms back."""

    def __init__(self, text: str, kind: str, example: str) -> None:
        self.text, self.kind, self.example = text, kind, example
        self.atoms: list[tuple[str, str]] = []
        self.sources: list[str] = []
        pieces, place, end = [], 0, len(text.rstrip())
        while place < end:
            match = _TOKEN.match(text, place)
            if match is None or match.lastgroup is None:
                raise self._error(f"at '{text[place:].strip()[:SHOWN]}'")
            source = match[match.lastgroup]
            self.sources.append(source)
            pieces.append(source if match.lastgroup == "mark" else f"_{len(self.atoms)}")
            if match.lastgroup != "mark":
                self.atoms.append((match.lastgroup, source))
            place = match.end()
        self.pieces = pieces

    def _error(self, where: str = "") -> SpecError:
        return syntax_error(self.kind, self.text, self.example, where)

    def call(self) -> Call:
        """Parse the whole text."""
        try:
            tree = ast.parse(" ".join(self.pieces), mode="eval").body
            return self._call(tree, [], []) if isinstance(tree, ast.Name) else self._checked_call(tree)
        except SyntaxError as error:
            if "too many nested" in error.msg:
                raise self._error("as its brackets are too deep") from None
            raise self._error(self._place((error.offset or 1) - 1)) from None
        except (RecursionError, MemoryError):
            raise self._error("as its brackets are too deep") from None

    def _place(self, offset: int) -> str:
        start = 0
        for piece, source in zip(self.pieces, self.sources, strict=True):
            start += len(piece) + 1
            if offset < start:
                return f"at '{source[:SHOWN]}'"
        return "at its end"

    def _checked_call(self, node: ast.expr) -> Call:
        if not isinstance(node, ast.Call):
            raise self._error(self._place(node.col_offset))
        return self._call(node.func, node.args, node.keywords)

    def _call(self, function: ast.expr, arguments: list[ast.expr], keywords: list[ast.keyword]) -> Call:
        named: dict[str, Any] = {}
        for keyword in keywords:
            name = self._name(str(keyword.arg), keyword.col_offset)
            if name in named:
                raise self._error(f"as '{name}' is given twice")
            named[name] = self._value(keyword.value)
        name = self._name(function.id if isinstance(function, ast.Name) else "", function.col_offset)
        return Call(name, tuple(self._value(argument) for argument in arguments), named)

    def _name(self, placeholder: str, offset: int) -> str:
        kind, source = self.atoms[int(placeholder[1:])] if placeholder else ("", "")
        if kind != "name":
            raise self._error(self._place(offset))
        return source

    def _value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.List | ast.Tuple):
            return tuple(self._value(item) for item in node.elts)
        if not isinstance(node, ast.Name):
            return self._checked_call(node)
        kind, source = self.atoms[int(node.id[1:])]
        if kind == "number":
            return self._number(source)
        if kind == "text":
            return source[1:-1].replace("\\" + source[0], source[0])
        return _CONSTANTS[source] if source in _CONSTANTS else Call(source, (), {})

    def _number(self, source: str) -> int | float:
        if not re.fullmatch(r"[+-]?[0-9]+", source):
            return _as_float(source)
        if len(source) > MAX_DIGITS:
            raise self._error(f"as {source[:10]}... has too many digits")
        return int(source)
