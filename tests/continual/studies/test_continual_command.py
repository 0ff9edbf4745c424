"""`neuronet continual` on the command line."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import fields

import numpy as np
import pytest

from neuronet.cli.main import start
from neuronet.continual.methods.registry import METHODS
from neuronet.continual.protocols.presets import PRESETS
from neuronet.continual.protocols.registry import PROTOCOLS
from neuronet.plotting.continual.accuracy import draw_average_accuracy, draw_matrices
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


def test_the_list_names_everything(command):
    code, out, _ = command("--list")
    assert code == 0
    first_words = {line.split()[0] for line in out.splitlines() if line.split()}
    assert {*PROTOCOLS, *PRESETS, *METHODS} <= first_words


def test_the_page_names_everything():
    text = (ROOT / "docs" / "continual-learning.md").read_text(encoding="utf-8")
    for known in (PROTOCOLS, METHODS):
        for name, cls in known.items():
            assert f"| `{name}" in text
            assert all(field.name in text for field in fields(cls))
    assert all(f"`{name}`" in text for name in PRESETS)


def test_one_json_line_a_table_and_pictures(command, tmp_path):
    code, out, err = command(f"split-task(tasks=2) {SMALL} --policies income-protecting,ewc --json --out here")
    assert code == 0, err
    words = json.loads(out.splitlines()[-1])
    assert len(out.splitlines()) == 1
    assert {each["policy"] for each in words["policies"]} == {"backprop", "income-protecting", "ewc"}
    assert all(0 <= each["final"] <= 1 and 0 <= each["learning"] <= 1 for each in words["policies"])
    assert "income-protecting" in err.replace("\n", "") and "forgetting" in err
    for name in ("accuracy.png", "matrices.png", "table.csv", "accuracy.csv", "study.json"):
        assert (tmp_path / "here" / name).stat().st_size > 0


def test_it_tunes_and_goes_on(command, tmp_path):
    line = f"permuted(tasks=2) {SMALL} --policies si --tune --trials 2 --tuning-seeds 1 --json --out here"
    first, second = (command(line) for _ in range(2))
    one, two = (json.loads(out.splitlines()[-1]) for _, out, _ in (first, second))
    assert one["policies"] == two["policies"]
    assert one["tuned"]
    assert (tmp_path / "here" / "frontier.png").stat().st_size > 0


def test_when_it_is_interrupted_it_says_how_to_go_on(tmp_path):
    line = f"continual permuted(tasks=2) {SMALL.replace('--iterations 4', '--iterations 100000')} --policies attention --out here"
    asked = subprocess.Popen(
        [sys.executable, "-m", "neuronet", *line.split()], cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    for _ in range(600):
        if (tmp_path / "here" / "study.json").exists():
            break
        time.sleep(0.05)
    asked.send_signal(signal.SIGINT)
    _, err = asked.communicate(timeout=30)
    assert asked.returncode == 130, err
    assert "--out here" in err
    assert "Traceback" not in err


def test_a_folder_of_its_own(command, tmp_path):
    for _ in range(2):
        assert command(f"permuted(tasks=2) {SMALL} --policies attention")[0] == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "needs a protocol"),
        ("permutd digits", "did you mean 'permuted'"),
        ("permuted xor --policies attentio", "did you mean 'attention'"),
        ("permuted california --seeds 0", "seeds"),
        ("split-task(tasks=3) digits --policies ewc", "evenly"),
        ("permuted digits --tune --learning-rate 1", "leave"),
    ],
)
def test_refused_in_one_sentence(command, line, words, tmp_path):
    code, _, err = command(line)
    assert code == 2
    assert words in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "runs").exists()


def test_pictures_of_many_methods_and_of_long_sequences(tmp_path):
    rng = np.random.default_rng(0)
    matrices = {name: rng.random((1, 13, 12)) for name in ["backprop", *"abcdefgh"]}
    for draw in (draw_average_accuracy, draw_matrices):
        assert draw(matrices, tmp_path / f"{draw.__name__}.svg").read_text().count("<path") > 9
