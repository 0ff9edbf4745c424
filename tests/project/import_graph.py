"""The graph of imports inside neuronet, read from the syntax trees: lazy and type-only imports count."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import networkx as nx

from tests.helpers.paths import ROOT


@dataclass(frozen=True)
class Import:
    """One import of one name.

    Attributes:
        importer: Importing module.
        source: Module that stands in the statement.
        module: Module that is imported: a submodule where the name is one, otherwise the source.
        name: Name that is imported; "" where a module is.
        line: Line of the statement.
    """

    importer: str
    source: str
    module: str
    name: str
    line: int


@cache
def modules() -> dict[str, Path]:
    """Return every module of neuronet by its dotted name, with its file."""
    found = {}
    for folder in ("neuronet", "policies", "environments"):
        for file in (ROOT / folder).rglob("*.py"):
            parts = file.relative_to(ROOT).with_suffix("").parts
            if parts[:2] in (("neuronet", "policies"), ("neuronet", "environments")):
                continue  # links to the folders beside
            name = ".".join(parts if folder == "neuronet" else ("neuronet", *parts))
            found[name.removesuffix(".__init__")] = file
    return found


@cache
def imports() -> tuple[Import, ...]:
    """Return every import of a module of neuronet by another one."""
    return tuple(_imports(modules()))


def _imports(known: dict[str, Path]) -> Iterator[Import]:
    for importer, file in known.items():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "neuronet":
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    module, name = (inner, "") if inner in known else (node.module, alias.name)
                    yield Import(importer, node.module, module, name, node.lineno)
            elif isinstance(node, ast.Import):
                yield from (
                    Import(importer, alias.name, alias.name, "", node.lineno) for alias in node.names if alias.name in known
                )


def import_graph() -> nx.DiGraph:
    """Return the graph of modules, with an edge from importer to imported module."""
    graph = nx.DiGraph()
    graph.add_nodes_from(modules())
    graph.add_edges_from((item.importer, item.module) for item in imports() if item.importer != item.module)
    return graph


def top_package(module: str) -> str:
    """Return the package of neuronet that a module belongs to, such as "engines"."""
    return module.split(".")[1] if "." in module else module
