"""Populations by spec: "greedy(top=3)", "attention:0.9,free-rider:0.1", or one such text for each listening layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from neuronet.core import (
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
    shown,
)
from neuronet.registry.grammar import split_list, split_share
from neuronet.registry.plug_ins import parse_policy, spec_of

Policies = str | Policy | Population | Sequence[str | Policy | Shares]
"""A spec, a Policy or a Population for all neurons; or a spec, a Policy or Shares for each listening layer."""

SURELY_PERCENT = 2.0
"""Share from which on a percentage must be meant."""


def parse_population(given: Policies) -> Population:
    """Return the population that a spec or an object describes.

    Raises:
        SpecError: A text cannot be parsed.
        ConfigurationError: The value is none of the types of `Policies`, or shares do not add up to 1.
    """
    if isinstance(given, str):
        return parse_mixture(given)
    if isinstance(given, Policy | Population):
        return as_population(given)
    layers: list[Any] = list(given) if isinstance(given, Iterable) else [given]
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
    if isinstance(given, Policy):
        return short_name(given, all_parameters=all_parameters)
    if isinstance(given, Shares):
        names = [short_name(policy, all_parameters=all_parameters) for policy, _ in given.parts]
        mixed = ",".join(f"{name}:{share!r}" for name, (_, share) in zip(names, given.parts, strict=True))
        return mixed if len(names) > 1 else names[0]
    if isinstance(given, Population) and not isinstance(given, PerLayer):
        return f"{type(given).__module__}:{type(given).__qualname__}"
    layers = given.layers if isinstance(given, PerLayer) else given
    texts = tuple(str(format_population(layer, all_parameters=all_parameters)) for layer in layers)
    return texts if len(texts) > 1 else texts[0]


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
    try:
        return parse_population(given)
    except NeuroNetError as error:
        text = tuple(map(str, given)) if isinstance(given, list | tuple) else str(given)
        return UnresolvedPopulation(text, str(error))
