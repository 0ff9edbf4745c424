"""Populations by spec: "greedy(top=3)", "attention:0.9,free-rider:0.1", or one such text for each listening layer.

"nodes(attention, [free-rider, 3, 4])" has a policy for all nodes, and others for some of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from neuronet.core import (
    ByFunction,
    ByNode,
    ConfigurationError,
    Layers,
    Network,
    NeuroNetError,
    PerLayer,
    Policy,
    Population,
    Shares,
    SpecError,
    as_population,
    check_order,
    shown,
)
from neuronet.registry.grammar import Call, parse_call, split_list, split_share
from neuronet.registry.plug_ins import known_policies, parse_policy, spec_of
from neuronet.registry.spec import build_spec

PolicyShares = Mapping[str | Policy, float]
"""Shares by policy, such as {"attention": 0.9, "free-rider": 0.1}."""

Policies = str | Policy | Population | PolicyShares | Sequence[str | Policy | Shares | PolicyShares]
"""A spec, a Policy, a Population or shares for all neurons; or a spec, a Policy or shares for each listening layer."""

NODES = "nodes"
"""Name of a spec with a policy for each of some nodes."""

MUST_LISTEN = "must_listen"
"""Argument of such a spec: whether a node that does not listen is refused instead of left out."""

EXAMPLE_OF_NODES = "nodes(attention, [free-rider, 3, 4])"

FUNCTION = "function "
"""Beginning of the record of a population that is a function, which no text can hold."""

MAX_NODES = 8
"""Nodes of a policy that a short text names."""

SURELY_PERCENT = 2.0
"""Share from which on a percentage must be meant."""


def parse_population(given: Policies) -> Population:
    """Return the population that a spec or an object describes.

    Raises:
        SpecError: A text cannot be parsed.
        ConfigurationError: The value is none of the types of `Policies`, such as a set, or shares do not add up to 1.
    """
    if isinstance(given, str):
        return _parse_nodes(given) if re.match(rf"\s*{NODES}\s*\(", given) else parse_mixture(given)
    if isinstance(given, Policy | Population):
        return as_population(given)
    if isinstance(given, Mapping):
        return Population.shares(given)
    check_order("policy", given)
    layers: list[Any] = list(given) if isinstance(given, Iterable) else [given]
    layers = [Population.shares(layer) if isinstance(layer, Mapping) else layer for layer in layers]
    invalid = [layer for layer in layers if not isinstance(layer, str | Policy | Shares)]
    if invalid or not layers:
        expected = "a spec such as 'greedy(top=3)', a Policy, a Population, or one for each layer"
        raise ConfigurationError(f"policy must be {expected}, got {shown((invalid or [given])[0])}")
    return as_population([_parse_layer(layer) if isinstance(layer, str) else layer for layer in layers])


def parse_mixture(text: str) -> Shares:
    """Return the shares of a spec such as "attention:0.9,free-rider:0.1"; a single policy has a share of 1.

    Raises:
        SpecError: A policy cannot be parsed, or has no share.
        ConfigurationError: The shares do not add up to 1.
    """
    parts = [split_share(part) for part in split_list(text)]
    if len(parts) == 1 and parts[0][1] is None:
        return Shares(((parse_policy(text), 1.0),))
    shares = []
    for spec, share in parts:
        if share is None:
            raise SpecError(f"'{spec}' has no share in '{text}': write one for each policy, such as attention:0.9,greedy:0.1")
        if share >= SURELY_PERCENT:
            raise ConfigurationError(f"a share must be a number from 0 to 1, or in percent, such as {share:g}%, got {share:g}")
        shares.append((parse_policy(spec), share))
    return Shares(tuple(shares))


def _parse_nodes(text: str) -> ByNode:
    """Return the population of a spec such as "nodes(attention, [free-rider, 3, 4])".

    Raises:
        SpecError: A policy cannot be parsed, or the text has another form.
        ConfigurationError: A node is not an integer, or is named twice.
    """
    call = parse_call(text, "policy", EXAMPLE_OF_NODES)
    default, *parts = call.positional or (None,)
    policies = [default, *(part[0] if isinstance(part, tuple) and part else None for part in parts)]
    must_listen = call.named.get(MUST_LISTEN, True)
    if set(call.named) - {MUST_LISTEN} or not isinstance(must_listen, bool) or not all(isinstance(p, Call) for p in policies):
        raise SpecError(f"'{text}' must have a policy for all nodes, and others with nodes in brackets: {EXAMPLE_OF_NODES}")
    known = known_policies()
    first, *others = [build_spec(policy, "policy", Policy, known) for policy in policies]
    return ByNode(first, tuple((policy, part[1:]) for policy, part in zip(others, parts, strict=True)), must_listen)


def _parse_layer(text: str) -> Policy | Shares:
    shares = parse_mixture(text)
    return shares.parts[0][0] if len(shares.parts) == 1 else shares


def is_mixture(text: str) -> bool:
    """Return whether a spec mixes policies by shares."""
    return any(split_share(part)[1] is not None for part in split_list(text))


def format_population(given: Policies, *, all_parameters: bool = False) -> str | tuple[str, ...]:
    """Return the spec of a population; `parse_population` reads it back, unless something in it has no spec.

    Args:
        given: The population; a text is returned as it is.
        all_parameters: Whether to name parameters that have their defaults, too.
    """
    if isinstance(given, str | UnresolvedPopulation):
        return given if isinstance(given, str) else given.text
    if isinstance(given, Mapping):
        given = Population.shares(given)
    if isinstance(given, Policy | Population) and not isinstance(given, PerLayer):
        return _format_one(given, all_parameters)
    layers = given.layers if isinstance(given, PerLayer) else given
    texts = tuple(str(format_population(layer, all_parameters=all_parameters)) for layer in layers)
    return texts if len(texts) > 1 else texts[0]


def _format_one(given: Policy | Population, all_parameters: bool) -> str:
    name = partial(short_name, all_parameters=all_parameters)
    if isinstance(given, Policy):
        return name(given)
    if isinstance(given, Shares):
        mixed = ",".join(f"{name(policy)}:{share!r}" for policy, share in given.parts)
        return mixed if len(given.parts) > 1 else name(given.parts[0][0])
    if isinstance(given, ByNode):
        parts = [f"[{name(policy)}, {', '.join(map(str, nodes))}]" for policy, nodes in given.members]
        lenient = [] if given.must_listen else [f"{MUST_LISTEN}=false"]
        return f"{NODES}({', '.join([name(given.default), *parts, *lenient])})"
    if isinstance(given, ByFunction):
        return f"{FUNCTION}{getattr(given.function, '__qualname__', type(given.function).__qualname__)}"
    return f"{type(given).__module__}:{type(given).__qualname__}"


def describe_population(given: Policies) -> str:
    """Return a population for a reader, on one line: its spec, with the first MAX_NODES nodes of each policy."""
    if isinstance(given, ByNode):
        members = [(policy, (*nodes[:MAX_NODES], *["..."] * (len(nodes) > MAX_NODES))) for policy, nodes in given.members]
        parts = [f"[{short_name(policy)}, {', '.join(map(str, nodes))}]" for policy, nodes in members]
        return f"{NODES}({', '.join([short_name(given.default), *parts])})"
    text = format_population(given)
    return text if isinstance(text, str) else ", ".join(text)


def short_name(policy: Policy, *, all_parameters: bool = False) -> str:
    """Return the spec of a policy, such as "greedy(top=3)", or its module and repr if it has none."""
    spec = spec_of(policy, all_parameters=all_parameters)
    return " ".join((f"{type(policy).__module__}:{policy!r}" if spec is None else spec).split())


@dataclass(frozen=True)
class UnresolvedPopulation(Population):
    """Population of a recorded run with policies that cannot be found.

    Attributes:
        text: Spec in the run's configuration.
        reason: Why it cannot be resolved.
    """

    text: str | tuple[str, ...]
    reason: str

    def groups(self, network: Network, seed: int) -> Layers:
        """Raise a SpecError with the reason."""
        raise SpecError(self.reason)


def parse_recorded_population(given: Policies) -> Population:
    """Return the population of a recorded run; one that cannot be resolved is refused when its groups are asked for."""
    if isinstance(given, str) and given.startswith(FUNCTION):
        name = given.removeprefix(FUNCTION)
        return UnresolvedPopulation(given, f"policies were given by the function '{name}', which the record of a run cannot hold")
    try:
        return parse_population(given)
    except NeuroNetError as error:
        text = tuple(map(str, given)) if isinstance(given, list | tuple) else str(given)
        return UnresolvedPopulation(text, str(error))
