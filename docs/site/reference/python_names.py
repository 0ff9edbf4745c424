"""The reference of Python: a page for each door, with every public name from its docstring."""

from __future__ import annotations

import importlib
import inspect

from docs.site.markdown import cell, escape_docstring, python_role, table
from docs.site.reference.doors import PublicName, constant_of, public_names, summary, value_of
from neuronet.core import MissingExtraError


def doors() -> dict[str, list[PublicName]]:
    """Return the public names of each door, by door."""
    found: dict[str, list[PublicName]] = {}
    for one in public_names():
        found.setdefault(one.door, []).append(one)
    return found


def file_name(door: str) -> str:
    """Return the name of a door's page."""
    return f"python-{door.replace('.', '-')}.md"


def pages() -> dict[str, str]:
    """Return the Markdown of a page for each door, and of the page that lists them."""
    found = doors()
    rows = [[f"[`{door}`]({file_name(door)})", str(len(names)), cell(description(door))] for door, names in found.items()]
    text = (
        "# Python\n\nA package is entered by its door: `from neuronet.core import Policy`. A name that several doors export is\n"
        f"described once, at the deepest of them.\n\n{table(['package', 'names', 'what it is for'], rows)}"
    )
    return {"python.md": text} | {file_name(door): _page(door, names) for door, names in found.items()}


def description(door: str) -> str:
    """Return the first paragraph of a package's docstring; "" where the package needs a missing extra."""
    try:
        module = importlib.import_module(door)
    except MissingExtraError as error:
        return f"Needs an extra: {error}."
    return " ".join((inspect.getdoc(module) or "").split("\n\n")[0].split())


def _page(door: str, names: list[PublicName]) -> str:
    parts = [f"# {door}\n\n{description(door)}\n"]
    elsewhere = [one for one in names if one.home != door]
    if elsewhere:
        rows = [[python_role(one), f"`{one.home}`", cell(summary(value_of(door, one.name)))] for one in elsewhere]
        parts.append(f"Also exported here:\n\n{table(['name', 'described at', 'what it is'], rows)}")
    parts += [_described(one) for one in sorted(names, key=lambda one: one.name.lower()) if one.home == door]
    return "\n".join(parts)


def _described(one: PublicName) -> str:
    """Return the part of a page that describes a name, by its docstring."""
    value = value_of(one.door, one.name)
    if value is None:
        return _directive(
            one, [f".. py:data:: {one.path}", "", "   Needs an extra that was not installed when this site was built."]
        )
    if not (inspect.isclass(value) or inspect.isroutine(value)):
        constant = constant_of(one)
        text = [f".. py:data:: {one.path}", *([f"   :type: {constant.annotation}"] if constant.annotation else []), ""]
        return _directive(
            one, [*text, *(f"   {escape_docstring(line)}" for line in (constant.text or f"`{constant.value}`").splitlines())]
        )
    if inspect.isclass(value):
        bases = [] if value.__bases__ == (object,) else ["   :show-inheritance:"]
        return _directive(one, [f".. autoclass:: {one.path}", "   :members:", *bases])
    return _directive(one, [f".. autofunction:: {one.path}"])


def _directive(one: PublicName, lines: list[str]) -> str:
    return f"## {one.name}\n\n```{{eval-rst}}\n{chr(10).join(lines)}\n```\n"
