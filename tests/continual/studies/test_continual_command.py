"""`neuronet continual` on the command line."""

import json
import signal
import sys
from dataclasses import fields

import numpy as np
import pytest

from neuronet.cli.main import start
from neuronet.continual.evaluation.runner import Experiment
from neuronet.continual.methods.registry import METHODS
from neuronet.continual.protocols.presets import PRESETS
from neuronet.continual.protocols.registry import PROTOCOLS
from neuronet.recording import draw
from tests.helpers.paths import ROOT

SMALL = "digits --seeds 2 --iterations 4 --batch-size 16 --hidden 8"


@pytest.fixture
def command(monkeypatch, tmp_path, capsys):
    def run(line):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["neuronet", "continual", *line.split()])
        code = start()
        return code, *capsys.readouterr()

    return run


def test_list_names_every_protocol_preset_and_method(command):
    code, out, _ = command("--list")
    assert code == 0
    first_words = {line.split()[0] for line in out.splitlines() if line.split()}
    assert {*PROTOCOLS, *PRESETS, *METHODS} <= first_words


def test_page_names_every_protocol_preset_and_method_with_parameters():
    text = (ROOT / "docs" / "continual-learning.md").read_text(encoding="utf-8")
    for classes in (PROTOCOLS, METHODS):
        for name, cls in classes.items():
            assert f"| `{name}" in text
            assert all(field.name in text for field in fields(cls))
    assert all(f"`{name}`" in text for name in PRESETS)


def test_command_prints_one_json_line_and_writes_table_and_figures(command, tmp_path):
    code, out, err = command(f"split-task(tasks=2) {SMALL} --policies income-protecting,ewc --json --out here")
    assert code == 0, err
    summary = json.loads(out.splitlines()[-1])
    assert len(out.splitlines()) == 1
    assert {row["policy"] for row in summary["policies"]} == {"backprop", "income-protecting", "ewc"}
    assert all(0 <= row["final"] <= 1 and 0 <= row["learning"] <= 1 for row in summary["policies"])
    assert "income-protecting" in err.replace("\n", "") and "forgetting" in err
    for name in ("accuracy.png", "matrices.png", "table.csv", "accuracy.csv", "study.json"):
        assert (tmp_path / "here" / name).stat().st_size > 0


@pytest.mark.slow
def test_tuned_study_resumes_with_equal_results(command, tmp_path):
    line = f"permuted(tasks=2) {SMALL} --policies si --tune --trials 2 --tuning-seeds 1 --json --out here"
    first, second = (command(line) for _ in range(2))
    one, two = (json.loads(out.splitlines()[-1]) for _, out, _ in (first, second))
    assert one["policies"] == two["policies"]
    assert one["tuned"]
    assert (tmp_path / "here" / "frontier.png").stat().st_size > 0


def test_interrupted_command_says_how_to_resume(command, monkeypatch):
    """Ctrl-C in worker processes is tested in test_jobs.py."""
    monkeypatch.setattr(Experiment, "run", lambda *arguments: signal.raise_signal(signal.SIGINT))
    code, _, err = command(f"permuted(tasks=2) {SMALL} --policies attention --out here")
    assert code == 130, err
    assert "--out here" in err
    assert "Traceback" not in err


def test_every_run_has_a_new_folder(command, tmp_path):
    for _ in range(2):
        assert command(f"permuted(tasks=2) {SMALL} --policies attention")[0] == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2


@pytest.mark.parametrize(
    ("line", "fragment"),
    [
        ("", "protocol"),
        ("permutd digits", "'permuted'"),
        ("permuted xor --policies attentio", "'attention'"),
        ("permuted california --seeds 0", "seeds"),
        ("split-task(tasks=3) digits --policies ewc", "tasks"),
        ("permuted digits --tune --learning-rate 1", "learning_rate"),
    ],
)
def test_invalid_option_is_refused_in_one_line(command, line, fragment, tmp_path):
    code, _, err = command(line)
    assert code == 2
    assert fragment in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_figures_of_many_methods_and_long_sequences(tmp_path):
    rng = np.random.default_rng(0)
    matrices = {name: rng.random((1, 13, 12)) for name in ["backprop", *"abcdefgh"]}
    for name in ("continual-accuracy", "continual-matrices"):
        assert draw(name, matrices, tmp_path / f"{name}.svg").read_text().count("<path") > 9
