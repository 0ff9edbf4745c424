"""`neuronet sweep` as its users meet it."""

from __future__ import annotations

import csv
import json
import shlex
import signal
import sys
import tomllib

import pytest

from neuronet.__main__ import main
from neuronet.cli.commands.sweep import EXAMPLE, Bar, time_left
from neuronet.sweep import Progress
from neuronet.sweep.cells import make_plan
from neuronet.sweep.design import parse_design

FILE = """
environment = "xor"
hidden = [8]
epochs = 1
seeds = 2

[grid]
policy = ["attention", "greedy"]
learning_rate = [0.05, 0.1, 1e300]
"""

INTERRUPTING = """
environment = "xor"
epochs = 1
policy = "tests.sweep.failing_policies:InterruptsAtHighRates"

[grid]
learning_rate = [0.01, 0.02, 0.09]
"""


@pytest.fixture
def neuronet(monkeypatch, capsys, tmp_path):
    """The command line in a folder of its own: exit status, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["neuronet", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


def test_sweep_writes_a_table_and_resumes(neuronet, tmp_path):
    (tmp_path / "study.toml").write_text(FILE)
    code, out, err = neuronet("sweep", "study.toml", "--dry-run")
    assert (code, len(out.splitlines())) == (0, 12)
    assert out.splitlines()[2] == "cell 3 (policy=attention, learning_rate=0.1, seed=0)"
    assert err.startswith("12 cells, 0 of them played; nothing is kept of what was played now.\nAbout 0:0")
    assert "in 1 process, without their start (rounds of 2 of 2 groups were played)." in err
    assert not (tmp_path / "runs").exists()

    code, out, err = neuronet("sweep", "study.toml")
    assert code == 0, err
    assert "greedy" in out and "± spans 95% intervals" in out
    assert "cell 5 (policy=attention, learning_rate=1e+300, seed=0) failed: the loss is no longer a number in epoch 1" in err
    assert "4 of 12 cells failed: the column error says why" in err
    assert "12 cells in runs/sweep-study/table.csv" in err
    with (tmp_path / "runs" / "sweep-study" / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["cell"] for row in rows] == [str(number) for number in range(1, 13)]
    assert list(rows[0])[:4] == ["cell", "policy", "learning_rate", "seed"]

    code, out, err = neuronet("sweep", "study.toml", "--json")
    assert "12 of 12 cells were played before." in err
    told = json.loads(out)
    assert (told["cells"], told["failed"], told["out"]) == (12, 4, "runs/sweep-study")
    assert told["rows"][4]["test_loss"] is None
    assert [row["test_loss"] for row in told["rows"][:4]] == [float(row["test_loss"]) for row in rows[:4]]
    assert json.loads(neuronet("sweep", "study.toml", "--dry-run", "--json")[1])["played"] == 12
    assert neuronet("sweep", "study.toml", "--strict")[0] == 2


def test_ctrl_c_prints_a_command_that_resumes(neuronet, tmp_path, monkeypatch):
    (tmp_path / "my study.toml").write_text(INTERRUPTING)
    before = signal.getsignal(signal.SIGINT)
    code, out, err = neuronet("sweep", "my study.toml", "--out", "my folder", "--max-group-size", 1, "--jobs", 1)
    assert (code, out) == (130, "")
    lines = err.splitlines()
    assert lines[0] == (
        "What was played is kept. Continue with: neuronet sweep 'my study.toml' --out 'my folder' --jobs 1 --max-group-size 1"
    )
    assert "Traceback" not in err
    assert signal.getsignal(signal.SIGINT) == before
    assert len(list((tmp_path / "my folder" / "cells").iterdir())) == 2
    monkeypatch.setenv("NO_INTERRUPT", "yes")
    code, out, err = neuronet(*shlex.split(lines[0].partition("neuronet ")[2]))
    assert code == 0
    assert "2 of 3 cells were played before." in err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "cannot read the configuration 'wrong.toml': No such file or directory"),
        ('environment = "xor', "cannot read the configuration 'wrong.toml': "),
        ('environment = "xor"\nlearning_rate = [0.1, 0.2]', "learning_rate stands above the sections with several values"),
        ('environment = "xor"\n[grid]\nepoch = [1, 2]', "unknown field in [grid] 'epoch': did you mean 'epochs'"),
    ],
)
def test_wrong_file_is_refused_in_one_sentence(neuronet, tmp_path, text, sentence):
    if text is not None:
        (tmp_path / "wrong.toml").write_text(text)
    code, out, err = neuronet("sweep", "wrong.toml")
    assert (code, out) == (2, "")
    assert err.startswith(f"Error: {sentence}")
    assert err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_help_has_a_valid_example(neuronet):
    code, out, _ = neuronet("sweep", "--help")
    assert code == 0
    shown = [line.strip() for line in out.splitlines()]
    assert all(line in shown for line in EXAMPLE.strip().splitlines())
    cells = len(make_plan(parse_design(tomllib.loads(EXAMPLE))).cells)
    assert f"= {cells} cells" in out


def test_progress_bar_shows_the_time_left(monkeypatch):
    now = iter([100.0, 130.0])
    monkeypatch.setattr("neuronet.cli.commands.sweep.time.monotonic", lambda: next(now))
    bar = Bar()
    task = bar._bar.tasks[0]
    bar.show(Progress(done=5, done_before=5, total=20, failed=0))
    assert (task.completed, task.total, task.fields["left"]) == (5, 20, "?")  # nothing was played by this process
    bar.show(Progress(done=8, done_before=5, total=20, failed=2))
    assert (task.completed, task.fields["left"], task.fields["failed"]) == (8, "2:00", ", 2 failed")
    assert [time_left(seconds) for seconds in (6.6, 59.6, 3600, 7384)] == ["0:07", "1:00", "1:00:00", "2:03:04"]
