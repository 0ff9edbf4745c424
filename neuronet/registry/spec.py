"""Reading a plug-in from one line of text: `greedy(top=3)`, `noisy(attention(p=4), sigma=0.1)`, `my.module:MyPolicy`."""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from neuronet.core.errors import NeuroNetError, unknown_name_error

T = TypeVar("T")

MAX_DIGITS = 18
"""Of an integer: what any array can hold."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))"
    r"|(?P<word>'[^']*'|\"[^\"]*\")"
    r"|(?P<name>[A-Za-z_][\w.-]*(?::[A-Za-z_]\w*)?)|(?P<mark>[(),=]))"
)


def parse_spec(text: str, kind: str, base: type[T], known: Mapping[str, type[T]]) -> T:
    """The object that a line of text describes.

    Args:
        text: A known name or `module:Class`, with parameters in brackets where wanted; a parameter is a number, true, false,
            a word in quotes, or another object of this kind.
        kind: What is asked for, such as "policy", for the messages.
        base: The class that it must be of.
        known: The names that need no module.

    Raises:
        NeuroNetError: The text cannot be read, a name is unknown, or a parameter is wrong.
    """
    parser = _SpecParser(text, kind, base, known)
    try:
        parsed: T = parser.item()
    except RecursionError:
        raise NeuroNetError(f"cannot read the {kind} '{text[:40]}...': its brackets are too deep") from None
    parser.end()
    return parsed


def format_spec(plug_in: object, known: Mapping[str, type[Any]]) -> str:
    """The line of text for an object, with its fields in brackets: what `parse_spec` reads, if they are numbers, words or truths.

    Args:
        plug_in: A dataclass's instance.
        known: The names that need no module.
    """
    cls = type(plug_in)
    name = next((key for key, one in known.items() if one is cls), f"{cls.__module__}:{cls.__qualname__}")
    fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    values = ((each.name, getattr(plug_in, each.name)) for each in fields if each.init)
    words = [f"{key}={str(value).lower() if isinstance(value, bool) else repr(value)}" for key, value in values]
    return f"{name}({', '.join(words)})" if words else name


class _SpecParser:
    """Reads from left to right; `self.tokens` is what is left."""

    def __init__(self, text: str, kind: str, base: type[Any], known: Mapping[str, type[Any]]) -> None:
        self.text, self.kind, self.base, self.known = text, kind, base, known
        self.tokens = self._split()

    def _split(self) -> list[tuple[str, str]]:
        tokens, place = [], 0
        while place < len(self.text.rstrip()):
            match = _TOKEN.match(self.text, place)
            if match is None or match.lastgroup is None:
                raise self._unreadable(f"at '{self.text[place:].strip()}'")
            tokens.append((match.lastgroup, match.group(match.lastgroup)))
            place = match.end()
        return tokens

    def _unreadable(self, where: str) -> NeuroNetError:
        return NeuroNetError(f"cannot read the {self.kind} '{self.text}' {where}: write name or name(parameter=value)")

    def _take(self, group: str) -> str:
        if not self.tokens or self.tokens[0][0] != group:
            raise self._unreadable(f"at '{self.tokens[0][1]}'" if self.tokens else "at its end")
        return self.tokens.pop(0)[1]

    def _next_is(self, mark: str, ahead: int = 0) -> bool:
        return len(self.tokens) > ahead and self.tokens[ahead] == ("mark", mark)

    def end(self) -> None:
        if self.tokens:
            raise self._unreadable(f"at '{self.tokens[0][1]}'")

    def item(self) -> Any:
        name = self._take("name")
        positional, named = self._parameters() if self._next_is("(") else ([], {})
        return self._make(name, positional, named)

    def _parameters(self) -> tuple[list[Any], dict[str, Any]]:
        positional: list[Any] = []
        named: dict[str, Any] = {}
        self._take("mark")
        while not self._next_is(")"):
            if self._next_is("=", ahead=1):
                name = self._take("name")
                self._take("mark")
                if name in named:
                    raise self._unreadable(f"as '{name}' is given twice")
                named[name] = self._value()
            elif named:
                raise self._unreadable("as a parameter without name follows one with a name")
            else:
                positional.append(self._value())
            if not self._next_is(")") and (not self._next_is(",") or not self.tokens.pop(0)):
                raise self._unreadable("as a bracket or a comma is missing")
        self.tokens.pop(0)
        return positional, named

    def _value(self) -> Any:
        if self.tokens and self.tokens[0][0] == "number":
            number = self.tokens.pop(0)[1]
            if not re.fullmatch(r"[+-]?\d+", number):
                return float(number)
            if len(number) > MAX_DIGITS:
                raise NeuroNetError(f"cannot read the {self.kind} '{self.text[:40]}...': {number[:10]}... has too many digits")
            return int(number)
        if self.tokens and self.tokens[0][0] == "word":
            return self.tokens.pop(0)[1][1:-1]
        if self.tokens and self.tokens[0] in (("name", "true"), ("name", "false")):
            return self.tokens.pop(0)[1] == "true"
        return self.item()

    def _make(self, name: str, positional: list[Any], named: dict[str, Any]) -> Any:
        cls = self._class(name)
        fields = [f.name for f in dataclasses.fields(cls) if f.init] if dataclasses.is_dataclass(cls) else []
        if dataclasses.is_dataclass(cls) and (len(positional) > len(fields) or not named.keys() <= set(fields)):
            wrong = next((key for key in named if key not in fields), None)
            what = f"no parameter '{wrong}'" if wrong else f"only {len(fields)} parameters"
            raise NeuroNetError(f"{self.kind} '{name}' has {what}: it takes {', '.join(fields) or 'none'}")
        try:
            return cls(*positional, **named)
        except NeuroNetError:
            raise
        except Exception as error:  # whatever a class of the user's own may raise
            raise NeuroNetError(f"{self.kind} '{name}' cannot be made from '{self.text}': {error}") from None

    def _class(self, name: str) -> type[Any]:
        if ":" not in name:
            if name not in self.known:
                raise unknown_name_error(self.kind, name, self.known)
            return self.known[name]
        module_name, class_name = name.split(":")
        try:
            module = importlib.import_module(module_name)
        except ImportError as error:
            raise NeuroNetError(f"cannot import the module of {self.kind} '{name}': {error}") from None
        except Exception as error:  # whatever goes wrong in a module of the user's own
            what = " ".join(f"{type(error).__name__}: {error}".split())
            raise NeuroNetError(f"cannot import the module of {self.kind} '{name}': {what}") from error
        found = getattr(module, class_name, None)
        if not isinstance(found, type) or not issubclass(found, self.base):
            raise NeuroNetError(f"'{name}' is no {self.kind}: it must be a subclass of {self.base.__name__}")
        return found
