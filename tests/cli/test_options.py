"""Options of commands: generated from tables, with the defaults of the models; help loads neither torch nor mesa."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

import pytest
import typer

from neuronet.cli.commands.continual import STUDY_OPTIONS
from neuronet.cli.commands.game.options import GAME_OPTIONS
from neuronet.cli.commands.options import parse_sizes, with_file, with_options
from neuronet.cli.main import app, start
from neuronet.continual.studies.config import ContinualConfig
from neuronet.control import ControlConfig
from neuronet.control import make_config as make_control_config
from neuronet.core.errors import ConfigurationError, SpecError
from neuronet.training.config import RunConfig
from neuronet.training.options import CONTROL_OPTIONS, RUN_OPTIONS

MODELS = {
    "run": (RUN_OPTIONS, RunConfig(environment="xor")),
    "control": (CONTROL_OPTIONS, ControlConfig(environment="CartPole-v1")),
    "continual": (STUDY_OPTIONS, ContinualConfig()),
}
WORDS = {
    "none": "",
    "the study's": "",
    "never": "none",
    "off": "false",
    "target, label, class or y": "none",
    "the user's cache": "none",
    "the preset's": "none",
}


@pytest.mark.parametrize("name", MODELS)
def test_help_shows_the_defaults_of_the_model(name):
    options, config = MODELS[name]
    plain = config.model_dump(mode="json")
    for field, info in options.items():
        value = plain[field]
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value).lower()
        assert WORDS.get(info.default, info.default) == text, field


def test_options_of_a_file_stand_behind_those_given(tmp_path):
    file, record = tmp_path / "mine.toml", tmp_path / "config.json"
    file.write_text('environment = "xor"\nepochs = 3\nseed = 4')
    assert with_file({"epochs": 7}, file) == {"environment": "xor", "epochs": 7, "seed": 4}
    assert with_file({"epochs": 7}, None) == {"epochs": 7}
    record.write_text('{"environment": "xor", "policy": "somewhere:Mine", "epochs": 3}')
    assert with_file({}, record, fields=("environment", "epochs"), trust=False) == {"environment": "xor", "epochs": 3}
    with pytest.raises(SpecError, match="--trust"):
        with_file({}, record, trust=False)
    with pytest.raises(SpecError, match="--trust"):
        with_file({}, record, trust=False, fields=("environment", "policy"), make=make_control_config)
    assert with_file({"policy": "greedy"}, record, trust=False)["policy"] == "greedy"


def test_commands_take_files_of_options(tmp_path, monkeypatch, capsys):
    file = tmp_path / "mine.toml"
    file.write_text('environment = "xor"\nhidden = [4]\nepochs = 1\nlr_schedule = "cosine"')
    monkeypatch.chdir(tmp_path)
    words = ["compare", "--config", str(file), "--policies", "greedy", "--seeds", "1", "--out", "found", "--json"]
    monkeypatch.setattr(sys, "argv", ["neuronet", *words])
    assert start() == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["environment"] == "xor"
    assert json.loads((tmp_path / "found" / "study.json").read_text())["lr_schedule"] == "cosine"


@pytest.mark.parametrize("name", ["run", "control"])
def test_every_field_of_the_model_is_an_option(name):
    options, config = MODELS[name]
    hidden = {"environment", "normalise"}
    assert set(options) == set(type(config).model_fields) - hidden


def test_only_given_options_reach_the_command():
    received = {}

    @with_options(GAME_OPTIONS)
    def command(options: dict, environment: str = "xor") -> None:
        received.update(options, environment=environment)

    command(**{info.flag or field: None for field, info in GAME_OPTIONS.items()} | {"hidden": "8,4", "environment": "digits"})
    assert received == {"hidden": (8, 4), "environment": "digits"}


def test_invalid_sizes_are_refused():
    with pytest.raises(ConfigurationError, match="8,many"):
        parse_sizes("8,many")


def leaf_commands(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaf_commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(leaf_commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_options_name_their_subject(name):
    for parameter in COMMANDS[name].params:
        text = getattr(parameter, "help", None) or ""
        assert text[:1].isupper(), (parameter.name, text)
        assert not text.endswith("."), (parameter.name, text)


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_declare_at_most_fifteen_parameters(name):
    function = inspect.unwrap(COMMANDS[name].callback)
    assert len(inspect.signature(function).parameters) <= 15


ENGINES = ("torch", "mesa", "matplotlib", "networkx", "scipy", "sklearn", "numba")


@pytest.mark.parametrize(
    ("commands", "heavy"),
    [
        (("--help", "run --help", "game meta --help"), (*ENGINES, "numpy", "pandas")),
        (("policies", "channels", "environments", "interventions", "update-schedules"), (*ENGINES, "pandas")),
        (("reproduce --list",), ENGINES),
    ],
    ids=["help", "plug-ins", "studies"],
)
def test_lists_load_no_engine(commands, heavy):
    program = (
        "import sys\n"
        "from neuronet.cli.main import start\n"
        f"for command in {commands!r}:\n"
        "    sys.argv = ['neuronet', *command.split()]\n"
        "    assert start() == 0, command\n"
        f"    loaded = [name for name in {heavy!r} if name in sys.modules]\n"
        "    assert not loaded, (command, loaded)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120, stdout=subprocess.DEVNULL)


@pytest.mark.slow
def test_comparisons_and_figures_load_neither_the_compiler_nor_mesa():
    program = (
        "import sys, neuronet.comparison, neuronet.continual, neuronet.games, neuronet.sweep, neuronet.plotting.sources\n"
        "loaded = [name for name in ('torch._dynamo', 'mesa') if name in sys.modules]\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
