"""Finding policies and environments by what the user calls them: our own, installed plug-ins, and any class by module."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from neuronet.core.environment import Environment
from neuronet.core.errors import NeuroNetError
from neuronet.core.policy import Policy
from neuronet.environments import ENVIRONMENTS, Table, read_idx_folder, read_image_folder, read_openml
from neuronet.policies import POLICIES
from neuronet.registry.spec import parse_spec

TABLE_PREFIX = "table:"

URI_SCHEMES = {
    "table:PATH": "A .csv, .npz or .parquet file; --target names its column of targets.",
    "images:FOLDER": "Images in a subfolder for each class; images:FOLDER(size=32) scales them.",
    "idx:FOLDER": "Images and labels in the four files that MNIST has.",
    "openml:ID_OR_NAME": "A data set of OpenML; --target names its column of targets.",
}
"""The texts by which environments are read from files of the user's, and what each is for."""

T = TypeVar("T")


def known_policies() -> Mapping[str, type[Policy]]:
    """Every policy by name: ours, and those that installed packages offer in the entry point group neuronet.policies."""
    return Registry("neuronet.policies", Policy, POLICIES)  # type: ignore[type-abstract]


def known_environments() -> Mapping[str, type[Environment]]:
    """Every environment by name: ours, and those of the entry point group neuronet.environments."""
    return Registry("neuronet.environments", Environment, ENVIRONMENTS)  # type: ignore[type-abstract]


class Registry(Mapping[str, type[T]]):
    """Classes by name: our own, and those of installed packages, each loaded only when it is asked for.

    Args:
        group: The entry point group.
        base: What every class must be a subclass of.
        builtin: Our own; no other package's takes their names.
    """

    def __init__(self, group: str, base: type[T], builtin: Mapping[str, type[T]]) -> None:
        self._base = base
        self._builtin = builtin
        self._entries = {entry.name: entry for entry in entry_points(group=group) if entry.name not in builtin}

    def __getitem__(self, name: str) -> type[T]:
        if name in self._builtin:
            return self._builtin[name]
        entry = self._entries[name]
        try:
            cls = entry.load()
        except Exception as error:  # someone else's module may fail in any way
            raise NeuroNetError(f"the installed plug-in '{entry.name}' ({entry.value}) cannot be loaded: {error}") from None
        if not isinstance(cls, type) or not issubclass(cls, self._base):
            raise NeuroNetError(f"the installed plug-in '{entry.name}' ({entry.value}) is no {self._base.__name__}")
        return cls

    def __iter__(self) -> Iterator[str]:
        return iter([*self._builtin, *self._entries])

    def __len__(self) -> int:
        return len(self._builtin) + len(self._entries)


def parse_policy(text: str) -> Policy:
    """The policy that a line of text describes, such as "greedy(top=3)" or "my.module:MyPolicy".

    Raises:
        NeuroNetError: There is none.
    """
    return parse_spec(text, "policy", Policy, known_policies())  # type: ignore[type-abstract]


def parse_environment(text: str, *, target: str | None = None, payoff: str = "auto", data_dir: str | None = None) -> Environment:
    """The environment that a line of text describes, such as "digits", "xor(noise=0.1)" or "table:wine.csv".

    Args:
        text: A name, `module:Class`, or one of the FORMS, such as `table:PATH`.
        target: The column or array of targets, for a table or openml.
        payoff: "cross-entropy" or "squared-error", for a table or openml; "auto" tells by its targets.
        data_dir: The folder where an environment that is read from files looks for them first.

    Raises:
        NeuroNetError: There is none, or an option does not belong to it.
    """
    scheme, _, rest = text.partition(":")
    has_columns, has_folder = scheme in ("table", "openml"), f"{scheme}:FOLDER" in URI_SCHEMES or scheme == "table"
    if not has_columns and (target is not None or payoff != "auto"):
        raise NeuroNetError(f"target and payoff are options of table:PATH and openml:ID, environment '{text}' has its own")
    if has_folder and data_dir is not None:
        raise NeuroNetError(f"'{text}' says where its files are: leave data_dir out")
    if text.startswith(TABLE_PREFIX):
        return Table.read(rest, target=target, payoff=payoff)
    if scheme == "openml":
        return read_openml(rest, data_dir=data_dir or "", target=target, payoff=payoff)
    if scheme == "idx":
        return read_idx_folder(rest)
    if scheme == "images":
        folder, size = _split_size(rest)
        return read_image_folder(folder, size=size)
    return _build_environment(text) if data_dir is None else _with_data_dir(data_dir, _build_environment(text))


def with_absolute_path(text: str) -> str:
    """The same environment's text with its path made absolute, so that it is found from any folder."""
    scheme, _, rest = text.partition(":")
    if scheme not in ("table", "idx", "images"):
        return text
    folder = _split_size(rest)[0] if scheme == "images" else rest
    return f"{scheme}:{Path(folder).resolve()}{rest[len(folder) :]}"


def _split_size(text: str) -> tuple[str, int | None]:
    """FOLDER, or FOLDER(size=32)."""
    match = re.fullmatch(r"(.+?)\(size=(\d{1,9})\)", text)
    return (text, None) if match is None else (match[1], int(match[2]))


def _build_environment(text: str) -> Environment:
    try:
        return parse_spec(text, "environment", Environment, known_environments())  # type: ignore[type-abstract]
    except NeuroNetError as error:
        if str(error).startswith("unknown environment"):
            raise NeuroNetError(f"{error}, or {', '.join(URI_SCHEMES)} for files") from None
        raise


def _with_data_dir(data_dir: str, environment: Environment) -> Environment:
    if "data_dir" not in getattr(environment, "__dataclass_fields__", {}):
        raise NeuroNetError(f"environment '{type(environment).__name__}' reads no files from a folder: leave data_dir out")
    updated: Environment = replace(environment, data_dir=data_dir)  # type: ignore[type-var]
    return updated


def spec_of(plug_in: object) -> str | None:
    """The text from which an equal object can be built again, or None if there is no such text."""
    cls = type(plug_in)
    is_policy = isinstance(plug_in, Policy)
    known: Mapping[str, type[Any]] = known_policies() if is_policy else known_environments()
    builtin: dict[str, type[Any]] = {**POLICIES, **ENVIRONMENTS}
    name = next((key for key, known_class in builtin.items() if known_class is cls), f"{cls.__module__}:{cls.__qualname__}")
    fields = getattr(cls, "__dataclass_fields__", {})
    parameters = []
    for field in fields.values():
        value = getattr(plug_in, field.name)
        parameters.append(f"{field.name}={_format_value(value)}")
    spec = f"{name}({', '.join(parameters)})" if parameters else name
    base: Any = Policy if is_policy else Environment
    try:
        rebuilt = parse_spec(spec, "plug-in", base, known)
        stateless = cls.__init__ is object.__init__
        return spec if rebuilt == plug_in or (stateless and type(rebuilt) is cls) else None
    except NeuroNetError:
        return None


def _format_value(value: object) -> str | None:
    if isinstance(value, Policy):
        return spec_of(value)
    if isinstance(value, np.generic):
        value = value.item()
    return str(value).lower() if isinstance(value, bool) else repr(value)
