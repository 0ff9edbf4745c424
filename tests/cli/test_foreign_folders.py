"""Folders of other people: whatever is in them, a command succeeds or says one sentence, and runs and writes nothing else."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from pathlib import Path

import pytest

import neuronet
from neuronet.cli.main import start
from neuronet.control import train as train_control
from neuronet.core import SpecError
from neuronet.sweep import sweep
from tests.campaigns.mutations import MODULE, mutate
from tests.plotting.fixtures import write_comparison, write_continual_study

pytestmark = pytest.mark.slow  # whole commands in processes of their own

COMMANDS = {
    "run": (["run", "--resume", "{}", "--epochs", "2"], ["plot", "{}"]),
    "control": (["control", "--resume", "{}", "--rounds", "2"], ["plot", "{}"]),
    "continual": (["continual-summary", "{}", "--out", "{}/summary"], ["plot", "{}"]),
    "comparison": (["plot", "{}"],),
    "sweep": (["sweep", "{}/design.toml", "--out", "{}", "--jobs", "1"], ["plot", "{}"]),
    "records": (["reproduce", "--records", "{}"], ["plot", "{}"]),
}
DESIGN = (
    'environment = "xor"\nseeds = 2\nepochs = 1\nhidden = [3]\nbatch_size = 400\n\n[grid]\npolicy = ["attention", "greedy"]\n'
)
RECORDS = Path(__file__).resolve().parents[2] / "benchmarks" / "reproduction" / "budgeted-depth"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return a finished folder of each kind."""
    base = tmp_path_factory.mktemp("finished")
    neuronet.train("xor", hidden=[3], epochs=2, batch_size=400, alignment=True, engine="tensors", out=base / "run")
    options = {"hidden": [3], "rounds": 2, "episodes": 2, "eval_episodes": 1, "max_steps": 5, "target_return": "never"}
    train_control("CartPole-v1", **options, out=base / "control")
    write_continual_study(base / "continual", tuned=True)
    write_comparison(base / "comparison")
    (base / "design.toml").write_text(DESIGN)
    sweep(base / "design.toml", out=base / "sweep", jobs=1)
    shutil.move(base / "design.toml", base / "sweep")
    shutil.copytree(RECORDS, base / "records")
    return base


@pytest.fixture
def play(tmp_path, monkeypatch, capsys):
    """Return a function that runs a command in a folder with a module that must not be imported."""
    work = tmp_path / "work"
    work.mkdir()
    canary = tmp_path / "imported"
    (work / f"{MODULE}.py").write_text(f"open({str(canary)!r}, 'w').close()\n")
    monkeypatch.chdir(work)

    def run(*words):
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if not path.is_relative_to(work / "folder")}
        monkeypatch.setattr(sys, "argv", ["neuronet", *map(str, words)])
        code, captured = start(), capsys.readouterr()
        after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if not path.is_relative_to(work / "folder")}
        assert MODULE not in sys.modules
        before.pop(work, None), after.pop(work, None)
        assert after == before, "something was written outside the folder"
        assert code in (0, 1, 2), captured.err
        errors = [line for line in captured.err.splitlines() if line.startswith("Error: ")]
        assert len(errors) == (code != 0), captured.err
        assert "Traceback" not in captured.err
        assert all(len(line) <= 400 for line in errors), captured.err
        return code, "".join(errors)

    return run


MARKS = {32: (), 500: pytest.mark.exhaustive}
"""Marks of the mutations whose seeds are below a number, and not below the one before."""

SEEDS = [pytest.param(seed, marks=next(marks for end, marks in MARKS.items() if seed < end)) for seed in range(max(MARKS))]


@pytest.mark.parametrize("seed", SEEDS)
def test_changed_folder_gives_a_result_or_one_sentence(seed, folders, play, tmp_path):
    rng = random.Random(seed)
    kind = rng.choice(["run", "run", "control", "control", "continual", "comparison", "sweep", "records"])
    folder = tmp_path / "work" / "folder"
    shutil.copytree(folders / kind, folder)
    mutate(folder, rng)
    play(*(word.format("folder") for word in rng.choice(COMMANDS[kind])))


def test_module_of_a_record_is_imported_only_with_trust(folders, play, tmp_path):
    work = tmp_path / "work"
    for option, place in (("policy", "policy"), ("environment", "environment"), ("channels", "channel")):
        folder = work / "folder"
        shutil.copytree(folders / "run", folder)
        content = json.loads((folder / "config.json").read_text())
        named = f"demand:{MODULE}:Thing" if option == "channels" else f"{MODULE}:Thing"
        (folder / "config.json").write_text(json.dumps({**content, option: [named] if option == "channels" else named}))
        code, sentence = play("run", "--resume", "folder", "--epochs", "3")
        assert (code, f"does not import the module '{MODULE}'" in sentence, place in sentence) == (2, True, True), sentence
        assert play("run", "--config", "folder/config.json", "--out", "folder/new")[0] == 2
        code, refused = play("plot", "folder", "--kind", "curves")
        assert (code, "--trust" in refused) == ((2, True) if option == "channels" else (0, False))
        shutil.rmtree(folder)
    shutil.copytree(folders / "control", work / "folder")
    content = json.loads((work / "folder" / "config.json").read_text())
    (work / "folder" / "config.json").write_text(json.dumps({**content, "environment": f"{MODULE}:Thing-v0"}))
    assert "--trust" in play("control", "--resume", "folder", "--rounds", "3")[1]


def test_run_with_a_module_resumes_with_trust(tmp_path, monkeypatch):
    (tmp_path / "a_module_of_ours.py").write_text("import neuronet\nclass Mine(neuronet.AttentionSeeking):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    neuronet.train("xor", policy="a_module_of_ours:Mine", hidden=[3], epochs=1, out=tmp_path / "run")
    monkeypatch.delitem(sys.modules, "a_module_of_ours")
    with pytest.raises(SpecError, match=r"module 'a_module_of_ours': add --trust"):
        neuronet.resume(tmp_path / "run", epochs=2)
    assert "a_module_of_ours" not in sys.modules
    neuronet.resume(tmp_path / "run", epochs=2, policy="a_module_of_ours:Mine")
    monkeypatch.delitem(sys.modules, "a_module_of_ours")
    assert neuronet.resume(tmp_path / "run", epochs=3, trust=True).config.epochs == 3


@pytest.mark.parametrize("name", ["config.json", "metrics.csv", "checkpoint.safetensors", "alignment.csv"])
def test_pipe_in_a_folder_does_not_wait(folders, play, tmp_path, name):
    folder = tmp_path / "work" / "folder"
    shutil.copytree(folders / "run", folder)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    code, sentence = play("run", "--resume", "folder", "--epochs", "3")
    assert (code, "not a regular file" in sentence) == (2, True), sentence
    play("plot", "folder")


def test_links_that_lead_out_of_a_folder_are_not_written_through(folders, play, tmp_path):
    folder, outside = tmp_path / "work" / "folder", tmp_path / "outside"
    outside.mkdir()
    (outside / "metrics.csv").write_bytes((folders / "run" / "metrics.csv").read_bytes())
    for name in ("events.jsonl", "curves.png", "fields.pdf", ".lock"):
        shutil.copytree(folders / "run", folder)
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(outside / name)
        options = ("--epochs", "3") if name != "events.jsonl" else ("--epochs", "2")
        play("run", "--resume", "folder", *options)
        play("plot", "folder", "--kind", "curves")
        assert sorted(path.name for path in outside.iterdir()) == ["metrics.csv"]
        shutil.rmtree(folder)


def test_plot_asks_no_network(folders, play, tmp_path, monkeypatch):
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("asked the network"))
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: pytest.fail("asked the network"))
    for environment in ("openml:61", "kmnist"):
        folder = tmp_path / "work" / "folder"
        shutil.copytree(folders / "run", folder)
        content = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**content, "environment": environment}))
        assert play("plot", "folder", "--kind", "fields")[0] == 0
        shutil.rmtree(folder)
