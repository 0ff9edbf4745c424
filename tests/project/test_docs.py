"""Every code block of the docs runs, and every plug-in is documented."""

from __future__ import annotations

import importlib
import re
import runpy
import shlex
import subprocess
import sys

import pytest

from neuronet.cli.main import start
from neuronet.environments import ENVIRONMENTS
from neuronet.policies import POLICIES
from tests.helpers.paths import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page, language):
    return [code for found, code in BLOCK.findall(page.read_text(encoding="utf-8")) if found == language]


@pytest.mark.parametrize("page", [page for page in PAGES[1:] if blocks(page, "python")], ids=lambda page: page.name)
def test_python_blocks_run(page, tmp_path, monkeypatch):
    """All blocks of a page, one after another, as a module of their own."""
    name = re.sub(r"\W", "_", f"page_{page.stem}")
    (tmp_path / f"{name}.py").write_text("\n".join(blocks(page, "python")), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # for processes that a page starts
    importlib.import_module(name)


def test_the_first_page_runs_by_itself(tmp_path):
    """In a process that has loaded nothing else, as a newcomer would run it."""
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks(PAGES[0], "python")), encoding="utf-8")
    command = [sys.executable, "-W", "error", str(script)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=200)
    assert ran.returncode == 0, ran.stderr


COMMANDS = [
    (page.name, line.removeprefix("$ "))
    for page in PAGES
    for block in blocks(page, "console")
    for line in block.splitlines()
    if line.startswith("$ ")
]


@pytest.mark.parametrize("page", sorted({name for name, _ in COMMANDS}))
def test_console_blocks_run(page, tmp_path, monkeypatch, capsys):
    """All commands of a page, in one folder, with the files that the page shows: those whose first line is their name."""
    monkeypatch.chdir(tmp_path)
    for text in blocks(ROOT / page if page == "README.md" else ROOT / "docs" / page, "toml"):
        if name := re.match(r"# (\w+\.toml)\n", text):
            (tmp_path / name[1]).write_text(text, encoding="utf-8")
    for name, command in COMMANDS:
        if name == page and command != "neuronet check":  # tests/theory runs the checks
            words = shlex.split(command)
            assert words[0] == "neuronet"
            monkeypatch.setattr(sys, "argv", words)
            assert start() == 0, f"{command}\n{capsys.readouterr().err}"


def test_every_plug_in_is_documented():
    for folder, known in (("policies", POLICIES), ("environments", ENVIRONMENTS)):
        text = (ROOT / "docs" / f"{folder}.md").read_text(encoding="utf-8")
        for name, cls in known.items():
            assert f"\n## {name}\n" in text
            if cls.__dataclass_fields__:
                assert f"`{cls.__name__}(" in text
                assert all(field in text for field in cls.__dataclass_fields__)


def test_links_exist():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", page.read_text(encoding="utf-8")):
            link = next(filter(None, target))
            if not link.startswith("http"):
                assert (page.parent / link).exists(), f"{page.name}: {link}"


@pytest.mark.parametrize("script", sorted((ROOT / "examples").glob("*.py")), ids=lambda script: script.name)
def test_examples_run(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(script)])
    runpy.run_path(str(script), run_name="__main__")
