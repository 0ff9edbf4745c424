"""A record that is broken is refused in one sentence, which names its file, whatever command reads it."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

import neuronet
from neuronet.continual import continual_study
from neuronet.control import train as train_control
from neuronet.recording import RunDirectory
from neuronet.training import read_config

LONGEST = 400
"""Characters of a sentence, at most."""

RESUME = {
    "run": ("run", "--resume", "run", "--epochs", "2"),
    "control": ("control", "--resume", "control", "--rounds", "2"),
}
CONTINUAL = ("permuted(tasks=2)", "xor", ["attention"])
SETTINGS = {"iterations": 1, "hidden": (3,), "seeds": 2}
AGAIN = (
    *("continual", *CONTINUAL[:2], "--policies", "attention", "--iterations", "1", "--hidden", "3"),
    *("--seeds", "2", "--out", "study"),
)
SUMMARY = ("continual-summary", "study", "--out", "summary")
FRONTIER = ("plot", "tuned", "--kind", "frontier")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return a folder with a run, a control run and two continual studies, one of them with trials of tuning."""
    base = tmp_path_factory.mktemp("finished")
    neuronet.train("xor", hidden=[3], epochs=1, batch_size=400, out=base / "run")
    few = {"hidden": [3], "rounds": 1, "episodes": 2, "eval_episodes": 1, "max_steps": 5, "target_return": "never"}
    train_control("CartPole-v1", **few, out=base / "control")
    continual_study(*CONTINUAL, **SETTINGS, out=base / "study")
    continual_study(*CONTINUAL, **SETTINGS, tune=True, trials=2, tuning_seeds=1, out=base / "tuned")
    return base


@pytest.fixture
def refused(neuronet, finished, tmp_path):
    """A function that breaks a file of a folder, and returns the sentence of a command that reads it."""

    def give(path, change, words):
        folder = path.split("/")[0]
        shutil.copytree(finished / folder, tmp_path / folder)
        change(tmp_path / path)
        answer = neuronet(*words)
        error = answer.err.splitlines()[-1]
        assert (answer.status, "Traceback" in answer.err) == (2, False), answer.err
        assert error.startswith("Error: ")
        assert len(error) <= LONGEST
        return error

    return give


def metadata(**changes):
    """Return a change of the metadata of arrays; a value of None is taken away."""

    def change(path):
        with safe_open(path, framework="numpy") as file:
            found, arrays = dict(file.metadata()), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        found |= changes
        save_file(arrays, path, {name: value for name, value in found.items() if value is not None})

    return change


def array(name, to):
    """Return a change of an array; where it becomes None, it is taken away."""

    def change(path):
        with safe_open(path, framework="numpy") as file:
            found, arrays = dict(file.metadata()), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        changed = to(arrays.pop(name))
        save_file(arrays if changed is None else {**arrays, name: changed}, path, found)

    return change


def text(old, new):
    """Return a change of a text."""

    def change(path):
        before = path.read_text()
        assert old in before
        path.write_text(before.replace(old, new, 1))

    return change


def prefixed(data):
    """Return a change that puts bytes in front."""
    return lambda path: path.write_bytes(data + path.read_bytes())


NUMBERS = [None, "", "-5", "1.5", "nan", "1e999", "x", "9" * 400, "[]", "\u0663"]


@pytest.mark.parametrize("value", NUMBERS, ids=lambda value: repr(value)[:12])
@pytest.mark.parametrize("name", ["round", "seconds"])
@pytest.mark.parametrize("folder", RESUME)
def test_number_of_a_checkpoint_is_checked(refused, folder, name, value):
    if name == "seconds" and value == "1.5":
        value = "-1.5"
    assert f"{folder}/checkpoint.safetensors" in refused(
        f"{folder}/checkpoint.safetensors", metadata(**{name: value}), RESUME[folder]
    )


LOSSES = {
    "missing": lambda total: None,
    "empty": lambda total: total[:0],
    "of two": lambda total: total.reshape(-1).repeat(2),
    "integers": lambda total: total.astype("int64"),
    "nan": lambda total: total * float("nan"),
    "infinite": lambda total: total + float("inf"),
}


@pytest.mark.parametrize("case", LOSSES)
def test_sum_of_losses_of_a_checkpoint_is_checked(refused, case):
    assert "checkpoint" in refused("run/checkpoint.safetensors", array("run.loss_sum", LOSSES[case]), RESUME["run"])


TABLES = {
    "run/metrics.csv": RESUME["run"],
    "control/episodes.csv": RESUME["control"],
    "study/accuracy.csv": SUMMARY,
    "study/table.csv": SUMMARY,
    "study/costs.csv": SUMMARY,
    "tuned/tuning.csv": FRONTIER,
}
PREFIXES = {"no UTF-8": b"\xff\xfe", "zeros": b"\0" * 8, "another column": b"x,", "a line more": b"x\n"}


@pytest.mark.parametrize("case", PREFIXES)
@pytest.mark.parametrize("path", TABLES)
def test_table_that_is_none_is_named(refused, path, case):
    assert path in refused(path, prefixed(PREFIXES[case]), TABLES[path])


@pytest.mark.parametrize("case", PREFIXES)
def test_settings_that_are_no_json_are_refused(refused, case):
    for words in (SUMMARY, AGAIN, ("plot", "study")):
        shutil.rmtree("study", ignore_errors=True)
        assert "study" in refused("study/study.json", prefixed(PREFIXES[case]), words)


@pytest.mark.parametrize("line", ["x", "1", ",,,,,,,,,,,,", "1,7,0"])
@pytest.mark.parametrize("path", ["run/metrics.csv", "control/episodes.csv"])
def test_line_of_other_columns_is_not_dropped(refused, path, line):
    for change in (prefixed(f"{line}\n".encode()), lambda path: path.write_text(f"{path.read_text()}{line}\n")):
        shutil.rmtree(path.split("/")[0], ignore_errors=True)
        assert path in refused(path, change, RESUME[path.split("/")[0]])


def test_table_of_a_run_that_is_not_text_is_named(refused, finished):
    for command in (("plot", "run", "--kind", "curves"),):
        assert "run/metrics.csv" in refused("run/metrics.csv", prefixed(b"\xff"), command)
    assert len(RunDirectory.open(finished / "run", read_config).table("metrics.csv")) == 1


@pytest.mark.parametrize("value", ["", "x", "-1", "nan", "9" * 400])
@pytest.mark.parametrize("path", ["run/metrics.csv", "control/episodes.csv"])
def test_cell_of_a_table_is_checked(refused, path, value):
    def change(file):
        header, first, *others = file.read_text().splitlines(keepends=True)
        cells = first.split(",")
        cells[1] = value  # the round
        file.write_text(header + ",".join(cells) + "".join(others))

    assert path in refused(path, change, RESUME[path.split("/")[0]])


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "9" * 400, "[]"])
@pytest.mark.parametrize("column", ["seed", "final", "learning", "wave"])
def test_trial_of_tuning_is_checked(refused, column, value):
    def change(path):
        trials = pd.read_csv(path, dtype="object")
        trials.loc[1, column] = value
        trials.to_csv(path, index=False)

    assert "tuned/tuning.csv" in refused("tuned/tuning.csv", change, FRONTIER)


STUDY = {
    "kind of another study": {"kind": "comparison"},
    "no kind": {"kind": None},
    "kind that is a list": {"kind": ["continual study"]},
    "protocol that is a number": {"protocol": 5},
}


@pytest.mark.parametrize("case", STUDY)
def test_settings_of_a_study_are_checked(refused, case):
    def change(path):
        path.write_text(json.dumps({**json.loads(path.read_text()), **STUDY[case]}))

    refused("study/study.json", change, AGAIN)
