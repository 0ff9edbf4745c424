"""Populations as lines of text: "greedy(top=3)", "attention:0.9,free-rider:0.1", or one such line for each listening layer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import Field
from typing import Any

from neuronet.core.errors import NeuroNetError
from neuronet.core.policy import Policy
from neuronet.core.structure.population import PerLayer, Population, Shares, as_population
from neuronet.registry.registry import parse_policy, spec_of

Policies = str | Policy | Population | Sequence[str | Policy | Shares]
"""A text, a policy or a population for everybody, or a text, a policy or shares for each listening layer."""

_SHARE = re.compile(r"(.*\S)\s*:\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", re.DOTALL)


def parse_population(given: Policies) -> Population:
    """The population that is meant.

    Raises:
        NeuroNetError: A text cannot be read, or it is none of these.
    """
    if isinstance(given, str):
        return parse_mixture(given)
    if isinstance(given, Policy | Population):
        return as_population(given)
    layers: list[Any] = list(given) if isinstance(given, Iterable) else [given]
    wrong = [each for each in layers if not isinstance(each, str | Policy | Shares)]
    if wrong or not layers:
        what = "a name such as 'greedy(top=3)', a Policy, a Population, or one for each layer"
        raise NeuroNetError(f"policy must be {what}, got {(wrong or [given])[0]!r}")
    return as_population([_parse_layer(each) if isinstance(each, str) else each for each in layers])


def format_population(given: Policies) -> str | tuple[str, ...]:
    """What stands in a configuration for what was given; `parse_population` reads it, unless something has no name."""
    if isinstance(given, str):
        return given
    if isinstance(given, Policy):
        return spec_of(given) or f"{type(given).__module__}:{given!r}"
    if isinstance(given, Shares) and len(given.parts) > 1:
        return ",".join(f"{format_population(policy)}:{share!r}" for policy, share in given.parts)
    if isinstance(given, Shares):
        return format_population(given.parts[0][0])
    if isinstance(given, Population) and not isinstance(given, PerLayer):
        return f"{type(given).__module__}:{type(given).__qualname__}"
    layers = given.layers if isinstance(given, PerLayer) else given
    texts = tuple(str(format_population(each)) for each in layers)
    return texts[0] if len(texts) == 1 else texts


def short_name(policy: Policy) -> str:
    """A policy's name, with those parameters alone that are not the defaults, such as "greedy(top=3)"."""
    text = " ".join(str(format_population(policy)).split())
    known: dict[str, Field[Any]] = getattr(policy, "__dataclass_fields__", {})
    if spec_of(policy) is None:
        return text
    values = {name: (getattr(policy, name), _default(field)) for name, field in known.items()}
    non_default = [f"{name}={_format_value(value)}" for name, (value, default) in values.items() if value != default]
    return text.partition("(")[0] + (f"({', '.join(non_default)})" if non_default else "")


def _default(field: Field[Any]) -> Any:
    return field.default_factory() if callable(field.default_factory) else field.default


def _format_value(value: Any) -> str:
    return short_name(value) if isinstance(value, Policy) else str(value).lower() if isinstance(value, bool) else repr(value)


def parse_mixture(text: str) -> Shares:
    """The shares that a line of text describes, such as "attention:0.9,free-rider:0.1"; a single policy has them all.

    Raises:
        NeuroNetError: A policy is unknown or has no share, or the shares do not add up to 1.
    """
    parts = split_list(text)
    matches = [_SHARE.fullmatch(part) for part in parts]
    if len(parts) == 1 and matches[0] is None:
        return Shares(((parse_policy(text), 1.0),))
    unweighted = next((part for part, match in zip(parts, matches, strict=True) if match is None), None)
    if unweighted is not None:
        raise NeuroNetError(
            f"'{unweighted}' has no share in '{text}': where policies are mixed each has one, such as attention:0.9"
        )
    return Shares(tuple((parse_policy(match[1]), float(match[2])) for match in matches if match is not None))


def _parse_layer(text: str) -> Policy | Shares:
    shares = parse_mixture(text)
    return shares.parts[0][0] if len(shares.parts) == 1 else shares


def is_mixture(text: str) -> bool:
    """Whether a line of text mixes policies by shares."""
    return any(_SHARE.fullmatch(part) for part in split_list(text))


def split_list(text: str) -> list[str]:
    """The parts of a list with commas, those within brackets and quotes left alone."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if letter == quote:
            quote = ""
        elif not quote and letter in "'\"":
            quote = letter
        elif not quote:
            depth += (letter == "(") - (letter == ")")
        if letter == "," and not quote and depth <= 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]
