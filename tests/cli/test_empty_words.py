"""An empty text where a command or a function takes a path or a name is refused; as a path it would be the working directory."""

from __future__ import annotations

import pytest
import typer

import neuronet
from neuronet import models, recording, sweep
from neuronet.cli.main import app
from neuronet.continual import summarize_studies
from neuronet.control import resume as resume_control
from neuronet.core import ConfigurationError
from neuronet.environments import read_idx_folder, read_image_folder
from neuronet.games import load_meta_game, load_trained_run, read_nfg
from neuronet.plotting.sources import kinds_of, plot
from neuronet.registry import parse_environment
from neuronet.reproduction import read_reproduction
from neuronet.training import read_options

PATHS = ("--out", "--config", "--resume", "--records", "--data", "--data-dir")
"""Options that are paths."""


def parameters(group, words=()):
    """Yield each parameter of each command, with the words of the command."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from parameters(command, (*words, name))
        else:
            yield from (((*words, name), command, parameter) for parameter in command.params)


def line(words, command, parameter):
    """Return a command line with an empty text for a parameter."""
    if parameter.param_type_name == "option":
        return (*words, parameter.opts[0], "")
    arguments = [other for other in command.params if other.param_type_name == "argument"]
    return (*words, *("digits" for _ in arguments[: arguments.index(parameter)]), "")


EVERY = list(parameters(typer.main.get_command(app)))
LINES = {
    " ".join((*words, parameter.opts[0])): line(words, command, parameter)
    for words, command, parameter in EVERY
    if parameter.param_type_name == "argument" or parameter.opts[0] in PATHS
}
"""A command line for each argument and each path of each command."""


@pytest.mark.parametrize("case", LINES)
def test_empty_word_is_refused_in_one_sentence(neuronet, tmp_path, case):
    answer = neuronet(*LINES[case])
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.startswith(f"Error: {case.split()[-1]} must n")
    assert answer.err.count("\n") == 1
    assert "empty" in answer.err
    assert not list(tmp_path.iterdir())


def test_options_that_are_paths_are_known():
    texts = {parameter.opts[0]: parameter.help or "" for _, _, parameter in EVERY if parameter.param_type_name == "option"}
    found = {name for name, text in texts.items() if {"file", "folder"} & set(text.lower().replace(".", " ").split()[:3])}
    assert found <= {*PATHS, "--format"}
    assert {"--out", "--config", "--resume"} <= found


@pytest.mark.parametrize("word", ["--out=", "--config=", "--data-dir="])
def test_option_with_nothing_after_its_sign_is_refused(neuronet, word):
    answer = neuronet("run", "xor", word)
    assert answer.status == 2
    assert answer.err.startswith(f"Error: {word[:-1]} must name a file or folder")


@pytest.mark.parametrize("text", ["table:", "images:", "idx:"])
def test_scheme_without_a_path_is_refused(text):
    with pytest.raises(ConfigurationError, match=r"must name a .*file.*, got an empty text"):
        parse_environment(text)


CALLS = {
    "train into": lambda: neuronet.train("xor", epochs=1, out=""),
    "train with data_dir": lambda: neuronet.train("fashion-mnist", epochs=1, data_dir=""),
    "resume": lambda: neuronet.resume(""),
    "resume control": lambda: resume_control(""),
    "load": lambda: neuronet.load(""),
    "load a trained run": lambda: load_trained_run(""),
    "load a meta-game": lambda: load_meta_game(""),
    "read .nfg": lambda: read_nfg(""),
    "read a table": lambda: neuronet.Table.read(""),
    "read images": lambda: read_image_folder(""),
    "read idx": lambda: read_idx_folder(""),
    "read options": lambda: read_options(""),
    "read a reproduction": lambda: read_reproduction(""),
    "read traces": lambda: recording.traces(""),
    "read traces of a sweep": lambda: sweep.read_traces(""),
    "read curves of a sweep": lambda: sweep.read_curves(""),
    "summarize": lambda: summarize_studies([""], "backprop"),
    "draw": lambda: plot("", "curves", "x.pdf"),
    "draw into": lambda: neuronet.train("xor", epochs=1).plot(""),
    "kinds of figures": lambda: kinds_of(""),
    "write predictions": lambda: models.write_predictions(None, ""),
}


@pytest.mark.parametrize("name", CALLS)
def test_function_refuses_an_empty_path(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="must name a file or folder, got an empty text"):
        CALLS[name]()
    assert not list(tmp_path.iterdir())


def test_a_dot_is_the_working_directory(neuronet, tmp_path):
    assert neuronet("run", "xor", "--epochs", "1", "--out", ".").status == 0
    assert (tmp_path / "config.json").exists()
    assert neuronet("plot", ".", "--kind", "curves").status == 0
    assert (tmp_path / "curves.pdf").exists()
