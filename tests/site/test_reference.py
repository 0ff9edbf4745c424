"""The reference has every public name, plug-in, command and option, and takes up new ones by itself."""

from __future__ import annotations

import importlib
import re

import pytest

from docs.site import navigation, sources
from docs.site.reference import commands, doors, plug_ins, python_names
from neuronet.policies import POLICIES, Greedy
from tests.helpers.paths import ROOT

DOORS = sorted(
    ".".join(path.parent.relative_to(ROOT).parts)
    for path in (ROOT / "neuronet").rglob("__init__.py")
    if not any(parent.is_symlink() for parent in path.parents)
)
NEEDING_AN_EXTRA = {"neuronet.continual.avalanche"}
NAMED = {
    "neuronet.channels": "CHANNELS",
    "neuronet.continual": "METHODS PRESETS PROTOCOLS",
    "neuronet.core": "ACTIVATIONS INITIALISATIONS LR_SCHEDULES MEASURES OPTIMIZERS PAYOFFS UPDATE_SCHEDULES WIRINGS",
    "neuronet.environments": "ENVIRONMENTS",
    "neuronet.interventions": "INTERVENTIONS",
    "neuronet.plotting.sources": "KINDS",
    "neuronet.policies": "POLICIES",
    "neuronet.reproduction": "REPRODUCTIONS",
    "neuronet.training": "LOGGERS",
}
"""Registries that must have a page, by their doors."""


@pytest.fixture(scope="module")
def pages():
    return sources.generated()


def test_every_public_name_is_in_the_reference(pages):
    text = "\n".join(page for name, page in pages.items() if name.startswith("reference/python-"))
    described = set(re.findall(r"^(?:\.\. (?:auto\w+|py:data):: |[^`\n]*\{py:obj\}`\w+ <)([\w.]+)", text, re.MULTILINE))
    absent = []
    for door in [*DOORS, "neuronet.policies", "neuronet.environments"]:
        if door not in NEEDING_AN_EXTRA:
            module = importlib.import_module(door)
            page = pages.get(f"reference/{python_names.file_name(door)}", "")
            for name in getattr(module, "__all__", ()):
                shown = rf"\.\. (auto\w+|py:data):: [\w.]+\.{name}$|`{name} <[\w.]+\.{name}>`"
                is_module = type(getattr(module, name)).__name__ == "module"
                absent += [] if is_module or re.search(shown, page, re.MULTILINE) else [f"{door}.{name}"]
    assert absent == []
    assert len(described) > 400


def test_names_of_a_door_that_needs_an_extra_are_in_the_reference(pages):
    page = pages["reference/python-neuronet-continual-avalanche.md"]
    assert "neuronet.continual.avalanche.PolicyStrategy" in page


@pytest.mark.parametrize(("door", "name"), [(door, name) for door, names in NAMED.items() for name in names.split()])
def test_every_plug_in_is_in_the_reference(door, name, pages):
    entries = getattr(importlib.import_module(door), name)
    registry = next(one for one in plug_ins.registries() if one.entries is entries)
    page = pages[f"reference/plug-ins-{registry.slug}.md"]
    assert [entry for entry in entries if f"\n## `{entry}`\n" not in page] == []


def test_every_parameter_of_a_plug_in_has_a_meaning(pages):
    rows = [
        (name, row)
        for name, page in pages.items()
        if name.startswith("reference/plug-ins-")
        for row in re.findall(r"^\| `\w+` \| `.*` \| *\|$", page, re.MULTILINE)
    ]
    assert rows == []


def test_new_policy_is_taken_up_by_itself(monkeypatch):
    class Newcomer(Greedy):
        """Stand-in for a policy that is added."""

    monkeypatch.setitem(POLICIES, "newcomer", Newcomer)
    page = plug_ins.pages()["plug-ins-policies.md"]
    assert "## `newcomer`" in page
    assert "Stand-in for a policy that is added." in page


def test_new_registry_is_taken_up_by_itself(tmp_path):
    file = tmp_path / "registry.py"
    file.write_text("BUILDERS: dict[str, type[Builder]] = {}\n_OWN: dict[str, type[int]] = {}\nWORDS: dict[str, str] = {}\n")
    assert list(plug_ins._registry_names(file)) == ["BUILDERS"]


def test_every_command_and_option_is_in_the_reference(pages):
    absent = []
    for name, command in commands.commands():
        page = pages[f"reference/{commands.file_name(name)}"]
        for option in commands.options(command):
            words = [*option.opts, *option.secondary_opts] if option.param_type_name == "option" else [option.name.upper()]
            absent += [f"{name} {word}" for word in words if f"`{word}`" not in page]
            assert option.help, f"{name} {option.name} has no help"
    assert absent == []


def test_first_sentence_does_not_end_at_an_abbreviation():
    assert plug_ins.first_sentence("A rule (after Zeng et al. 2019). More.") == "A rule (after Zeng et al. 2019)."


def test_every_page_is_in_the_navigation_once():
    pages = sources.found_pages()
    placed = [page for section in navigation.navigation(pages).values() for page in section]
    assert len(placed) == len(set(placed))
    assert set(pages) <= set(placed)
    made = {*sources.generated(), "changelog.md", "contributing.md"}
    assert [page for page in placed if page not in {*pages, *made}] == []


def test_page_without_a_place_is_among_the_how_to_guides():
    assert navigation.navigation(["brand-new.md"])[navigation.OTHERS][-1] == "brand-new.md"


def test_home_of_a_name_is_the_deepest_door():
    homes = {one.name: one.home for one in doors.public_names() if one.door == "neuronet"}
    assert homes["Policy"] == "neuronet.core"
    assert homes["NeuronModel"] == "neuronet.engines.agents"
