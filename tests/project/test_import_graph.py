"""Imports point one way, pass through doors, and take no private names."""

from __future__ import annotations

from pathlib import Path

import networkx as nx

from tests.helpers.paths import ROOT
from tests.project.import_graph import import_graph, imports, modules, top_package

MAX_FILES = 15


def test_no_import_circle_of_any_kind():
    circles = [sorted(part) for part in nx.strongly_connected_components(import_graph()) if len(part) > 1]
    assert circles == []


def test_no_private_name_crosses_a_package():
    crossing = [
        f"{item.importer}:{item.line} {item.module} {item.name}"
        for item in imports()
        if top_package(item.importer) != top_package(item.module)
        and any(part.startswith("_") and not part.startswith("__") for part in (*item.module.split("."), item.name))
    ]
    assert crossing == []


def test_other_packages_are_entered_by_their_doors():
    packages = {name for name, file in modules().items() if file.name == "__init__.py"}
    beside_the_door = [
        f"{item.importer}:{item.line} {item.source}"
        for item in imports()
        if top_package(item.importer) != top_package(item.module)
        and item.source not in packages
        and item.source.count(".") > 1  # neuronet.statistics and neuronet.version are single modules
    ]
    assert beside_the_door == []


def test_no_folder_of_code_is_a_heap():
    for folder in ("neuronet", "policies", "environments", "tests"):
        for directory in [ROOT / folder, *(ROOT / folder).rglob("*")]:
            files = [file for file in directory.glob("*.py") if file.name != "__init__.py"] if directory.is_dir() else []
            assert len(files) <= MAX_FILES, Path(directory).relative_to(ROOT)
