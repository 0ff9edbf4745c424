"""Every command of `neuronet game` on the folder of a run: it analyses the run, or says in a sentence that it cannot."""

from __future__ import annotations

import json

import pytest

from neuronet.cli.commands.game.app import app

SMALL = {
    "certify": "--policies attention,greedy --rounds 2 --seeds 2 --max-seeds 2",
    "credit": "",
    "distances": "",
    "exploitability": "--deviations attention,free-rider --selection-seeds 1 --evaluation-seeds 2 --rounds 2",
    "horizon": "--horizons 1,2",
    "lengths": "",
    "meta": "--policies attention,greedy --num-players 2 --seeds 2 --rounds 2 --resamples 5 --until 0.9 --max-seeds 2",
    "potential": "--policies attention,budgeted",
}
"""Options of the commands that analyse a run."""

FRESH = ("evolve", "mechanisms", "psro", "regret", "welfare")
"""Commands that play from fresh networks."""

OWN = """
import numpy as np

def honest(attention, activity, loss):
    return (attention**2).sum(axis=-2) / 2 - 0.05 * np.square(activity).mean(axis=-2)

def top(attention):
    return np.abs(attention).max(axis=-2)
"""


def test_commands_are_all_here():
    assert {command.callback.__name__ for command in app.registered_commands} == {*SMALL, *FRESH, "solve"}


@pytest.mark.slow
@pytest.mark.parametrize("command", SMALL)
def test_command_analyses_a_run(command, trained, neuronet, tmp_path):
    status, out, errors = neuronet(command, trained, *SMALL[command].split(), "--out", tmp_path / "o")
    assert status == 0, errors
    sentence = [line for line in " ".join(out.split()).split(". ") if line][-1]
    assert str(tmp_path / "o") in out.replace("\n", "")
    assert sentence
    json_status, out, _ = neuronet(command, trained, *SMALL[command].split(), "--out", tmp_path / "again", "--json")
    assert json_status == 0
    assert json.loads(out.splitlines()[-1])["headline"].endswith(".")
    assert {path.name for path in (tmp_path / "o").iterdir()} == {path.name for path in (tmp_path / "again").iterdir()}


@pytest.mark.parametrize("command", FRESH)
def test_command_from_fresh_networks_says_so(command, trained, neuronet):
    status, _, errors = neuronet(command, trained)
    assert status == 2
    assert f"game {command} plays from fresh networks: name an environment" in " ".join(errors.split())


def test_solve_says_what_it_takes(trained, neuronet):
    status, _, errors = neuronet("solve", trained)
    assert status == 2
    assert "has no game.nfg" in " ".join(errors.split())


@pytest.mark.slow
@pytest.mark.parametrize("command", ["certify", "credit", "exploitability", "meta"])
@pytest.mark.parametrize("option", ["--measure mypayoffs:top", "--payoff mypayoffs:honest"])
def test_own_utility_of_a_run(command, option, trained, neuronet, tmp_path, monkeypatch):
    if command == "credit" and option.startswith("--payoff"):
        pytest.skip("credit compares contributions with attention, and has no other payoff")
    (tmp_path / "mypayoffs.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    status, out, errors = neuronet(command, trained, *SMALL[command].split(), *option.split(), "--out", tmp_path / "o", "--json")
    assert status == 0, errors
    assert json.loads(out.splitlines()[-1])["headline"].endswith(".")
