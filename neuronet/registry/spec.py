"""Specs and objects: `greedy(top=3)`, `noisy(attention(p=4), sigma=0.1)` or `my.module:MyPolicy` to an instance, and back."""

from __future__ import annotations

import dataclasses
import importlib
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from neuronet.core import NeuroNetError, SpecError, check_import, find_name, may_import, own_place, shortened, unknown_name_error
from neuronet.registry.grammar import EXAMPLE, Call, format_text, parse_call

T = TypeVar("T")

NestedBuilder = Callable[[Call], Any]

PLAIN_TYPES: dict[type, str] = {int: "an integer", float: "a number", bool: "true or false", str: "a text", NoneType: "none"}
"""Types of parameters that no plug-in can be given for, in words."""


def parse_spec(
    text: str,
    kind: str,
    base: type[T],
    known: Mapping[str, type[T]],
    *,
    nested: NestedBuilder | None = None,
    example: str = EXAMPLE,
) -> T:
    """Return the object that a spec describes.

    Args:
        text: A known name or `module:Class`, with arguments in brackets; `neuronet.registry.grammar` has the grammar.
        kind: What is described, such as "policy", for the messages.
        base: The class that the object must be of.
        known: Classes that need no module, by name.
        nested: Builds the specs among the arguments; by default they are of the same kind.
        example: What would be right, for the messages.

    Raises:
        SpecError: The text does not follow the grammar, a name is unknown, or the class cannot be found or called.
        ConfigurationError: An argument is out of range.
    """
    return build_spec(parse_call(text, kind, example), kind, base, known, nested=nested)


def build_spec(call: Call, kind: str, base: type[T], known: Mapping[str, type[T]], *, nested: NestedBuilder | None = None) -> T:
    """Return the object that a parsed spec describes; arguments and errors as for `parse_spec`."""
    build_nested = nested or (lambda inner: build_spec(inner, kind, base, known))
    cls = _find_class(call.name, kind, base, known)
    fields = [field.name for field in dataclasses.fields(cls) if field.init] if dataclasses.is_dataclass(cls) else None
    if fields is not None:
        unknown = next((name for name in call.named if name not in fields), None)
        if unknown is not None or len(call.positional) > len(fields):
            what = f"no parameter '{unknown}'" if unknown else f"only {len(fields)} parameters"
            raise SpecError(f"{kind} '{call.name}' has {what}: it takes {', '.join(fields) or 'none'}")
    missing = sorted(getattr(cls, "__abstractmethods__", ()))
    if missing:
        raise SpecError(f"{kind} '{call.name}' has no method {' and no '.join(missing)}: write it, or choose another class")
    hints = _type_hints(cls)

    def build(name: str, value: Any) -> Any:
        return _build_value(value, _taken_types(hints.get(name)), f"{kind} '{call.name}': {name}", build_nested)

    names = fields if fields is not None else [""] * len(call.positional)
    positional = [build(name, value) for name, value in zip(names, call.positional, strict=False)]
    named = {name: build(name, value) for name, value in call.named.items()}
    try:
        return cls(*positional, **named)
    except NeuroNetError:
        raise
    except Exception as error:  # a class of the user's own may raise anything
        place = own_place(error)
        reason = f"{place}: {type(error).__name__}: {error}" if place else str(error)
        raise SpecError(f"{kind} '{call.name}' cannot be made from '{_format_call(call)}': {shortened(reason)}") from error


def _type_hints(cls: type) -> dict[str, Any]:
    try:
        return get_type_hints(cls)
    except Exception:  # a class of the user's own may name types that exist for a type checker only
        return {}


def _taken_types(hint: Any) -> set[Any]:
    """Return the types that a parameter takes, alone or in a list; empty if they are not known."""
    arguments = [argument for argument in get_args(hint) if argument is not Ellipsis]
    if get_origin(hint) is Literal:
        return set(map(type, arguments))
    if get_origin(hint) in (Union, UnionType, tuple, list, Sequence, Iterable):
        return set().union(*map(_taken_types, arguments))
    return set() if hint is None else {hint}


def _build_value(value: Any, taken: set[Any], what: str, build_nested: NestedBuilder) -> Any:
    """Return the value of a parameter: a nested spec becomes its object, and a bare word a text where a text is taken.

    Raises:
        SpecError: It is a word or a nested spec where a number must be.
    """
    if isinstance(value, tuple):
        return tuple(_build_value(item, taken, what, build_nested) for item in value)
    if not isinstance(value, Call):
        return value
    if str in taken and (taken <= PLAIN_TYPES.keys() or value == Call(value.name, (), {})):
        return _format_call(value)
    if taken and taken <= PLAIN_TYPES.keys():
        expected = " or ".join(words for kind, words in PLAIN_TYPES.items() if kind in taken)
        raise SpecError(f"{what} must be {expected}, got '{_format_call(value)}'")
    return build_nested(value)


def _format_call(call: Call) -> str:
    named = [f"{name}={_format_argument(value)}" for name, value in call.named.items()]
    arguments = [*map(_format_argument, call.positional), *named]
    return f"{call.name}({', '.join(arguments)})" if arguments else call.name


def _format_argument(value: Any) -> str:
    return _format_call(value) if isinstance(value, Call) else format_value(value, {})


def _find_class(name: str, kind: str, base: type[T], known: Mapping[str, type[T]]) -> type[T]:
    if ":" not in name:
        found_name = find_name(name, known)
        if found_name is None:
            raise unknown_name_error(kind, name, known, more="a class of your own is module:Class")
        return known[found_name]
    module_name, attribute = name.split(":")
    if module_name.endswith(".py"):
        raise SpecError(f"{kind} '{name}' names a file: write {module_name.removesuffix('.py').replace('/', '.')}:{attribute}")
    found = import_attribute(name, kind)
    if found is None:
        raise SpecError(_no_such_class(module_name, attribute, kind, base))
    if not isinstance(found, type) or not issubclass(found, base):
        raise SpecError(f"'{name}' is not a valid {kind}: it must be a subclass of {base.__name__}")
    return found


def _plural(noun: str) -> str:
    if " or " in noun:
        return " and ".join(map(_plural, noun.split(" or ")))
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def _no_such_class(module_name: str, attribute: str, kind: str, base: type) -> str:
    """Return the message for a module that has no such attribute, with the classes that it has instead."""
    module = sys.modules.get(module_name)
    own = [
        key
        for key, value in ({} if module is None else vars(module)).items()
        if isinstance(value, type) and issubclass(value, base) and value.__module__ == module_name
    ]
    there = f"its {_plural(kind)} are {', '.join(sorted(own))}" if own else f"it has no {kind}"
    return shortened(f"module {module_name} has no {attribute}; {there}")


def import_attribute(name: str, kind: str) -> Any:
    """Return the attribute of a module that a text "module:name" names; None where the module has none.

    Raises:
        SpecError: The module cannot be imported, or a record may not import it.
    """
    module_name, attribute = name.split(":")
    check_import(kind, name, module_name)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # a module of the user's own may raise anything
        place = own_place(error)
        reason = str(error) if isinstance(error, ImportError) and not place else f"{type(error).__name__}: {error}"
        where = f"{place}: " if place else ""
        raise SpecError(f"cannot import the module of {kind} '{name}': {where}{shortened(reason)}") from error
    return getattr(module, attribute, None) if may_import(module_name) else vars(module).get(attribute)  # may import, too


def parse_function(text: str, kind: str) -> Callable[..., Any]:
    """Return the function, or class, of a spec "module:name".

    Args:
        text: The spec, without arguments.
        kind: What is described, such as "payoff", for the messages.

    Raises:
        SpecError: The text has another form, or the module has nothing that can be called by this name.
    """
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", text):
        raise SpecError(f"{kind} must be module:function, such as mymodule:my_{kind}, got '{shortened(text)}'")
    found = import_attribute(text, kind)
    if not callable(found):
        raise SpecError(f"'{text}' is not a valid {kind}: the module has no function of this name")
    return found  # type: ignore[no-any-return]


def format_spec(plug_in: object, known: Mapping[str, type[Any]], *, all_parameters: bool = False) -> str:
    """Return the spec of an object: its name and those fields that differ from their defaults.

    `parse_spec` reads it back if the fields are numbers, bools, texts, tuples, or objects of the same kind.

    Args:
        plug_in: An instance of a dataclass.
        known: Classes that need no module, by name.
        all_parameters: Whether to name every field.
    """
    cls = type(plug_in)
    name = next((key for key, known_class in known.items() if known_class is cls), f"{cls.__module__}:{cls.__qualname__}")
    fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    values = [(field, getattr(plug_in, field.name)) for field in fields if field.init]
    arguments = [
        f"{field.name}={format_value(value, known, all_parameters=all_parameters)}"
        for field, value in values
        if all_parameters or not _is_default(field, value)
    ]
    return f"{name}({', '.join(arguments)})" if arguments else name


def format_value(value: object, known: Mapping[str, type[Any]], *, all_parameters: bool = False) -> str:
    """Return a field's value as the grammar writes it; nested objects as their specs."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return format_text(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(format_value(item, known, all_parameters=all_parameters) for item in value)}]"
    if value is None or isinstance(value, int | float):
        return repr(value)
    return format_spec(value, known, all_parameters=all_parameters)


def _is_default(field: dataclasses.Field[Any], value: object) -> bool:
    default = field.default_factory() if callable(field.default_factory) else field.default
    try:
        return bool(value == default)
    except Exception:  # a value of the user's own may not be comparable
        return False
