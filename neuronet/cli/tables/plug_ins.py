"""Tables of plug-ins: names, summaries, parameters and defaults."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from neuronet.channels import CHANNELS
from neuronet.cli import console
from neuronet.core import UPDATE_SCHEDULES, NeuroNetError, trait_rows
from neuronet.environments import ENVIRONMENTS
from neuronet.policies import POLICIES
from neuronet.registry import format_spec, format_value


def plug_in_table(kind: str, known: Mapping[str, Any]) -> Table:
    """Return a table of plug-ins by name, with summary and parameters."""
    table = console.make_table()
    table.add_column(kind, no_wrap=True)
    console.add_columns(table, "what it is", "parameters and defaults")
    for name, cls in sorted(known.items()):
        table.add_row(name, escape((cls.__doc__ or "").split("\n")[0]), escape(_parameters(cls, known)))
    return table


def policy_table(known: Mapping[str, Any]) -> Table:
    """Return a table of policies by name, with summary, traits and parameters."""
    table = console.make_table()
    table.add_column("policy", no_wrap=True)
    console.add_columns(table, "what it is", "traits", "parameters and defaults")
    for name, meaning, traits in trait_rows(known):
        table.add_row(name, escape(meaning), escape(traits), escape(_parameters(known[name], known)))
    return table


def _parameters(cls: Any, known: Mapping[str, Any]) -> str:
    if not hasattr(cls, "__dataclass_fields__"):
        return ""
    builtin: dict[str, type[Any]] = {**CHANNELS, **UPDATE_SCHEDULES, **POLICIES, **ENVIRONMENTS, **known}
    try:
        spec = format_spec(cls(), builtin, all_parameters=True)
    except (TypeError, NeuroNetError):  # a parameter has no default
        given = [field for field in dataclasses.fields(cls) if field.init]
        has_default = [field.default is not dataclasses.MISSING and field.default is not None for field in given]
        return ", ".join(
            f"{field.name}={format_value(field.default, builtin)}" if known_default else field.name
            for field, known_default in zip(given, has_default, strict=True)
        )
    return spec.partition("(")[2].removesuffix(")")
