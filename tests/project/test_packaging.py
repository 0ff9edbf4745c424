"""What pyproject.toml says is what is there."""

from __future__ import annotations

import re
import tomllib

import neuronet
from tests.helpers.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_no_subpackage_is_forgotten():
    found = {
        ".".join(file.parent.relative_to(ROOT).parts)
        for file in (ROOT / "neuronet").rglob("__init__.py")
        if not any(part.is_symlink() for part in file.parents)
    }
    mapped = {
        f"neuronet.{'.'.join(file.parent.relative_to(ROOT).parts)}"
        for folder in ("policies", "environments")
        for file in (ROOT / folder).rglob("__init__.py")
    }
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == found | mapped
    folders = PROJECT["tool"]["setuptools"]["package-dir"]
    assert {package: folders[package] for package in mapped} == {
        package: package.removeprefix("neuronet.").replace(".", "/") for package in mapped
    }


def test_links_lead_to_the_folders_beside():
    for name in ("policies", "environments"):
        assert (ROOT / "neuronet" / name).is_symlink()
        assert (ROOT / "neuronet" / name).resolve() == ROOT / name


def test_one_version():
    assert PROJECT["project"]["version"] == neuronet.__version__
    assert f"## {neuronet.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_dependency_is_used_and_pinned():
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").lower().replace("_", "-")
    code = "\n".join(
        file.read_text(encoding="utf-8")
        for folder in ("neuronet", "policies", "environments")
        for file in (ROOT / folder).rglob("*.py")
    )
    modules = {"scikit-learn": "sklearn"}
    for requirement in PROJECT["project"]["dependencies"]:
        name = re.split(r"[<>=!\[ ]", requirement)[0]
        assert f"\n{name}==" in pins, name
        assert re.search(rf"^\s*(import|from) {modules.get(name, name.replace('-', '_'))}\b", code, re.MULTILINE), name


def test_readme_has_two_set_up_commands():
    commands = re.findall(r"^python3 -m venv .*$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) == 2
    assert commands[0].endswith("neuronet run digits")
    assert commands[1].endswith("-m pytest -n auto")
