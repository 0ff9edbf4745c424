"""Policies and environments by name: built in, of installed packages, or any class by its module."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from neuronet.core import Access, Environment, NeuroNetError, Policy, PolicyError, current_access, parse_policies_with
from neuronet.environments import ENVIRONMENTS
from neuronet.policies import POLICIES
from neuronet.registry.spec import format_spec, parse_spec

T = TypeVar("T")

BASELINE = "backprop"
"""Name of what policies are compared with: error backpropagation by torch's autograd and torch.optim, which is not a policy."""


class Registry(Mapping[str, type[T]]):
    """Mapping from names to classes; those of installed packages are loaded when they are first asked for.

    Args:
        group: Entry point group of the installed packages.
        base: Class that every entry must be a subclass of.
        builtin: Classes that come with NeuroNet; no installed package can replace them.
    """

    def __init__(self, group: str, base: type[T], builtin: Mapping[str, type[T]]) -> None:
        self._group, self._base, self._builtin = group, base, builtin

    @cached_property
    def _entries(self) -> Mapping[str, EntryPoint]:
        """Entry points of the installed packages, which are searched when a name is not built in."""
        return {entry.name: entry for entry in entry_points(group=self._group) if entry.name not in self._builtin}

    def __getitem__(self, name: str) -> type[T]:
        if name in self._builtin:
            return self._builtin[name]
        entry = self._entries[name]
        if current_access() is Access.LOOK and entry.module not in sys.modules:
            raise PolicyError(f"the installed plug-in '{name}' is not loaded to look at a record: add --trust to load it")
        try:
            cls = entry.load()
        except Exception as error:  # a module of another package may raise anything
            raise PolicyError(f"the installed plug-in '{entry.name}' ({entry.value}) cannot be loaded: {error}") from None
        if not isinstance(cls, type) or not issubclass(cls, self._base):
            raise PolicyError(f"the installed plug-in '{entry.name}' ({entry.value}) is not a subclass of {self._base.__name__}")
        return cls

    def __iter__(self) -> Iterator[str]:
        return iter([*self._builtin, *self._entries])

    def __len__(self) -> int:
        return len(self._builtin) + len(self._entries)


def known_policies() -> Mapping[str, type[Policy]]:
    """Return every policy by name: the built-in ones, and those of the entry point group neuronet.policies."""
    return Registry("neuronet.policies", Policy, POLICIES)


def known_environments() -> Mapping[str, type[Environment]]:
    """Return every environment by name: the built-in ones, and those of the entry point group neuronet.environments."""
    return Registry("neuronet.environments", Environment, ENVIRONMENTS)


def parse_policy(text: str) -> Policy:
    """Return the policy of a spec such as "greedy(top=3)" or "my.module:MyPolicy".

    Raises:
        SpecError: The text cannot be parsed, or names something unknown.
        ConfigurationError: A parameter is out of range.
    """
    return parse_spec(text, "policy", Policy, known_policies())


parse_policies_with(parse_policy)


def spec_of(plug_in: object, *, all_parameters: bool = False) -> str | None:
    """Return the spec from which an equal policy or environment can be built, or None if there is none.

    Args:
        plug_in: The policy or environment.
        all_parameters: Whether to name parameters that have their defaults, too, unless one of them cannot be written.
    """
    cls, is_policy = type(plug_in), isinstance(plug_in, Policy)
    builtin: Mapping[str, type[Any]] = POLICIES if is_policy else ENVIRONMENTS
    known: Mapping[str, type[Any]] = known_policies() if is_policy else known_environments()
    base: type[Any] = Policy if is_policy else Environment
    try:
        spec = format_spec(plug_in, builtin, all_parameters=all_parameters)
        rebuilt = parse_spec(spec, "plug-in", base, known)
    except NeuroNetError:
        rebuilt = None
    if rebuilt == plug_in or (cls.__init__ is object.__init__ and type(rebuilt) is cls):
        return spec
    return spec_of(plug_in) if all_parameters else None
