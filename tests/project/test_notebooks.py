"""Every notebook of the docs runs from its first cell to its last, and is kept with what it printed and drew."""

from __future__ import annotations

import json
import re

import matplotlib.pyplot as plt
import pytest

from tests.helpers.paths import ROOT

FOLDER = ROOT / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LARGEST = 300_000
"""Bytes."""


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return request.param


def cells(notebook, kind):
    found = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == kind]


def test_notebooks_exist():
    assert NOTEBOOKS


@pytest.mark.slow
def test_every_cell_runs(notebook, tmp_path, monkeypatch):
    """In this process, as a script would; the cells themselves assert what they claim."""
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    try:
        with plt.rc_context({"figure.max_open_warning": 0}):
            for number, cell in enumerate(cells(notebook, "code"), start=1):
                exec(compile("".join(cell["source"]), f"{notebook.name}, code cell {number}", "exec"), names)
    finally:
        plt.close("all")
    assert not list(tmp_path.iterdir())


def test_notebook_is_stored_with_its_outputs(notebook):
    code = cells(notebook, "code")
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [out for cell in code for out in cell["outputs"] if out["output_type"] == "error"]
    assert any("image/png" in out.get("data", {}) for cell in code for out in cell["outputs"])
    assert notebook.stat().st_size < LARGEST


def test_notebook_links_exist(notebook):
    for cell in cells(notebook, "markdown"):
        for link in re.findall(r"\]\(([^)#]+)\)", "".join(cell["source"])):
            assert link.startswith("https://") or (FOLDER / link).exists(), link
