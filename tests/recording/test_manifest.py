"""Manifest: written beside every run and study, compared when these are continued, and read as another person's file."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import neuronet as package
from neuronet.core import DataError
from neuronet.environments import Xor
from neuronet.recording import StudyStore, manifest, read_manifest
from neuronet.training import hash_samples

RUN = {"hidden": [3], "epochs": 1, "lr_schedule": "constant"}


def change(folder, part, name, text):
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    content[part][name] = text
    path.write_text(json.dumps(content))
    return path


def test_run_says_with_what_it_was_played(tmp_path):
    package.train("xor", out=tmp_path, **RUN)
    found = read_manifest(tmp_path)
    assert found["versions"]["neuronet"] == package.__version__
    assert found["versions"]["torch"] == sys.modules["torch"].__version__
    assert found["machine"]["device"] == "cpu"
    assert set(found["machine"]) >= {"platform", "processor", "aten", "threads", "cores"}
    assert found["data"] == {"xor": hash_samples(Xor())}
    assert found["command"]
    assert found["resumed"] == []


def test_differences_are_said_once_and_kept(tmp_path):
    package.train("xor", out=tmp_path, **RUN)
    before = change(tmp_path, "versions", "torch", "1.0").read_text()
    change(tmp_path, "machine", "processor", "Abacus")
    lines = []
    package.resume(tmp_path, epochs=2, log=lines.append)
    assert any(line.startswith("versions.torch was 1.0 before, and is ") for line in lines)
    assert sum("was" in line and "before" in line for line in lines) == 2
    found = read_manifest(tmp_path)
    assert (found["versions"]["torch"], found["started"]) == ("1.0", json.loads(before)["started"])
    assert set(found["resumed"][0]["changes"]) == {"versions.torch", "machine.processor"}
    lines.clear()
    package.resume(tmp_path, epochs=3, log=lines.append)
    assert len(lines) == 1
    assert len(read_manifest(tmp_path)["resumed"]) == 1


def test_every_store_of_a_study_writes_a_manifest(tmp_path):
    said = []
    for number in (1, 2):
        StudyStore(tmp_path, "study").begin({"version": "1"}, data={f"samples {number}": "abc"}, device="cpu", log=said.append)
    assert read_manifest(tmp_path)["data"] == {"samples 1": "abc", "samples 2": "abc"}
    assert said == []
    StudyStore(None, "study").begin({"version": "1"})
    StudyStore(tmp_path / "new", "run", read_only=True).write_manifest()
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "cannot read '.*study.json'"),
        ("{}", "does not name the kind of study"),
        ('{"kind": "comparison"}', "holds a study of the kind 'comparison' without manifest.json"),
    ],
)
def test_study_that_cannot_be_shown_is_refused_with_the_reason(text, reason, tmp_path, neuronet):
    (tmp_path / "study.json").write_text(text)
    answer = neuronet("show", tmp_path)
    assert answer.status == 2
    assert re.search(reason, answer.err)
    assert answer.err.count("\n") == 1


BROKEN = ("{", "[]", '{"versions": 3}', '{"data": {"a": []}}', '{"resumed": [1]}', '{"resumed": 1}', '{"command": null}', "\0")


@pytest.mark.parametrize("text", BROKEN)
def test_broken_manifest_is_refused_in_one_sentence(text, tmp_path, neuronet):
    (tmp_path / "manifest.json").write_text(text)
    answer = neuronet("show", tmp_path)
    assert answer.status == 2
    assert answer.err.startswith(f"Error: cannot read '{tmp_path}/manifest.json', a part of this manifest: ")
    assert answer.err.count("\n") == 1


def test_broken_manifest_is_a_note_on_resume(tmp_path):
    package.train("xor", out=tmp_path, **RUN)
    (tmp_path / "manifest.json").write_text("[]")
    lines = []
    package.resume(tmp_path, epochs=2, log=lines.append)
    assert any("is not known: cannot read" in line for line in lines)
    assert (tmp_path / "manifest.json").read_text() == "[]"


LEAVES = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None))
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)
PARTS = st.sampled_from(["started", "command", "versions", "machine", "commits", "data", "resumed"])


@given(content=st.dictionaries(PARTS, JSON | st.dictionaries(st.text(), st.text(st.characters(codec=None)))))
def test_any_content_is_read_as_texts_or_refused(content, tmp_path_factory):
    folder = tmp_path_factory.mktemp("any")
    (folder / "manifest.json").write_text(json.dumps(content))
    try:
        found = read_manifest(folder)
    except DataError:
        return
    texts = [text for part in ("versions", "machine", "commits", "data") for text in found[part].values()]
    assert all(text.isprintable() and text.encode() is not None for text in [found["started"], found["command"], *texts])
    assert manifest.continued_manifest(found, found)[1] == [] or found["resumed"]


def test_show_prints_the_manifest_of_runs_and_studies(tmp_path, neuronet):
    package.train("xor", out=tmp_path / "r", **RUN)
    change(tmp_path / "r", "machine", "processor", "[red]Abacus[/red]")
    assert "[red]Abacus[/red]" in " ".join(neuronet("show", "r").out.split())
    assert json.loads(neuronet("show", "r", "--json").out)["manifest"] == read_manifest(tmp_path / "r")
    StudyStore(tmp_path / "s", "study").begin({"version": "1"})
    assert package.__version__ in neuronet("show", "s").out
    assert json.loads(neuronet("show", "s", "--json").out)["manifest"]["versions"]["neuronet"] == package.__version__


def test_commits_of_neuronet_and_of_the_working_directory(tmp_path, monkeypatch):
    manifest._commits.cache_clear()
    here = manifest._commits(tmp_path)
    assert "working directory" not in here
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    try:
        subprocess.run([*git, "init", "-q"], check=True)
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    except FileNotFoundError:
        pytest.skip("git is not installed")
    manifest._commits.cache_clear()
    assert len(manifest._commits(tmp_path)["working directory"]) == 40
    monkeypatch.setenv("PATH", "")
    manifest._commits.cache_clear()
    assert manifest._commits(tmp_path) == {}
    manifest._commits.cache_clear()


@pytest.mark.parametrize(
    ("argv", "start"),
    [
        (["/usr/bin/neuronet", "run", "x y"], "neuronet run 'x y'"),
        (["/a/neuronet/__main__.py", "bench"], "neuronet bench"),
    ],
)
def test_command_line_can_be_typed_again(argv, start, monkeypatch):
    monkeypatch.setattr(sys, "argv", argv)
    assert manifest.command_line() == start
