"""Every code block of the docs runs, and every plug-in is documented.

Pages and examples that train for more than a second are marked slow. By default their commands and imports are checked only.
"""

from __future__ import annotations

import ast
import importlib
import re
import runpy
import shlex
import subprocess
import sys

import pytest
import typer

from neuronet.cli.main import app, start
from neuronet.environments import ENVIRONMENTS
from neuronet.policies import POLICIES
from tests.helpers.paths import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


FAST = {
    "python": {
        "architecture.md",
        "callbacks.md",
        "channels.md",
        "convert.md",
        "devices.md",
        "interventions.md",
        "modellers.md",
        "sparse-networks.md",
    },
    "console": {"channels.md", "compare.md", "theory.md"},
    "examples": {"a_neurons_life.py", "handover.py"},
}
"""What runs by default: each takes less than a second, and none trains for long."""

NEEDING_AN_EXTRA = {"neuronet.continual.avalanche", "neuronet.games.pettingzoo"}


def blocks(page, language):
    return [code for found, code in BLOCK.findall(page.read_text(encoding="utf-8")) if found == language]


def cases(kind, files):
    """Return the files as parameters, marked slow unless they are fast."""
    return [pytest.param(file, id=file.name, marks=() if file.name in FAST[kind] else pytest.mark.slow) for file in files]


@pytest.mark.parametrize("page", cases("python", [page for page in PAGES[1:] if blocks(page, "python")]))
def test_python_blocks_run(page, tmp_path, monkeypatch):
    """All blocks of a page, one after another, as a module of their own."""
    name = re.sub(r"\W", "_", f"page_{page.stem}")
    (tmp_path / f"{name}.py").write_text("\n".join(blocks(page, "python")), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # for processes that a page starts
    importlib.import_module(name)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name)
def test_imports_of_python_blocks_exist(page):
    """Without running the rest."""
    for code in blocks(page, "python"):
        imports = [node for node in ast.parse(code).body if isinstance(node, ast.Import | ast.ImportFrom)]
        known = [node for node in imports if ast.unparse(node).split()[1].partition(".")[0] in ("neuronet", "torch", "numpy")]
        exec(compile(ast.Module(known, []), page.name, "exec"), {})


@pytest.mark.parametrize("page", [*PAGES, *sorted((ROOT / "examples").glob("*.py"))], ids=lambda page: page.name)
def test_readers_are_shown_the_doors(page):
    """Names are imported from packages, as users should; modules that need an extra are the exception."""
    code = [page.read_text(encoding="utf-8")] if page.suffix == ".py" else blocks(page, "python")
    imported = [node.module for text in code for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    modules = [name for name in imported if name and name.startswith("neuronet.") and name not in NEEDING_AN_EXTRA]
    assert [name for name in modules if not hasattr(importlib.import_module(name), "__path__")] == []


@pytest.mark.slow
def test_first_page_runs_in_a_new_process(tmp_path):
    """In a process that has loaded nothing else, as a newcomer would run it."""
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks(PAGES[0], "python")), encoding="utf-8")
    command = [sys.executable, "-W", "error", str(script)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=200)
    assert ran.returncode == 0, ran.stderr


COMMANDS = {
    page: [line.removeprefix("$ ") for block in blocks(page, "console") for line in block.splitlines() if line.startswith("$ ")]
    for page in PAGES
}
WITH_COMMANDS = [page for page in PAGES if COMMANDS[page]]


def write_shown_files(page, folder):
    """Write the files that the page shows: those whose first line is their name."""
    for text in (*blocks(page, "toml"), *blocks(page, "python")):
        if name := re.match(r"# (\w+\.(toml|py))\n", text):
            (folder / name[1]).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.name)
def test_console_commands_have_valid_options(page, tmp_path, monkeypatch):
    """Options are parsed; the commands do not run."""
    monkeypatch.chdir(tmp_path)
    write_shown_files(page, tmp_path)
    for words in map(shlex.split, COMMANDS[page]):
        assert words[0] == "neuronet"
        command, rest = typer.main.get_command(app), words[1:]
        while hasattr(command, "commands"):
            command = command.commands[rest.pop(0)]
        command.make_context(command.name, rest)


@pytest.mark.parametrize("page", cases("console", WITH_COMMANDS))
def test_console_blocks_run(page, tmp_path, monkeypatch, capsys):
    """All commands of a page, in one folder, with the files that the page shows."""
    monkeypatch.chdir(tmp_path)
    write_shown_files(page, tmp_path)
    for command in COMMANDS[page]:
        if command != "neuronet check":  # tests/theory runs the checks
            monkeypatch.setattr(sys, "argv", shlex.split(command))
            assert start() == 0, f"{command}\n{capsys.readouterr().err}"


def test_every_plug_in_is_documented():
    missing = []
    for folder, known in (("policies", POLICIES), ("environments", ENVIRONMENTS)):
        text = (ROOT / "docs" / f"{folder}.md").read_text(encoding="utf-8")
        for name, cls in known.items():
            call = [f"`{cls.__name__}("] if cls.__dataclass_fields__ else []
            wanted = [f"\n## {name}\n", *call, *cls.__dataclass_fields__]
            missing += [f"docs/{folder}.md needs {part.strip()!r}" for part in wanted if part not in text]
    assert not missing, "\n".join(missing)


def test_links_exist():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", page.read_text(encoding="utf-8")):
            link = next(filter(None, target))
            if not link.startswith("http"):
                assert (page.parent / link).exists(), f"{page.name}: {link}"


@pytest.mark.parametrize("script", cases("examples", sorted((ROOT / "examples").glob("*.py"))))
def test_examples_run(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(script)])
    runpy.run_path(str(script), run_name="__main__")
