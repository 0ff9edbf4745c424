"""Every command of `neuronet game` prints and writes the same with and without the game libraries that may be installed."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from neuronet.cli.commands.game.app import app
from tests.games.commands.test_commands_on_a_run import SMALL

LIBRARIES = ("nashpy", "pygambit", "pyspiel", "open_spiel", "egttools")

QUICK = "--hidden 4 --rounds 3"

FRESH = {
    "evolve": f"xor {QUICK} --policies attention,contrarian --generations 3 --seeds 2",
    "mechanisms": f"xor {QUICK} --mechanisms attention,credit --policies free-rider --seeds 2 --deviators 1 --training-epochs 1",
    "psro": f"xor {QUICK} --seeds 2 --candidates 3 --steps 2",
    "regret": f"xor {QUICK} --policies greedy,free-rider --every 2 --networks 2 --deviators 1",
    "welfare": f"xor {QUICK} --policies attention,contrarian --seeds 4",
}
"""Commands that play from fresh networks."""

CALLS = {
    **{command: f"RUN {options} --out OUT" for command, options in SMALL.items()},
    **{command: f"{options} --out OUT" for command, options in FRESH.items()},
    "meta --players-are layers": "xor --hidden 3,3 --rounds 2 --policies attention,free-rider --seeds 2 --resamples 5 --out OUT",
    "solve": "game.nfg",
}

GAME = 'NFG 1 R "three" { "a" "b" "c" } { 2 2 2 }\n\n' + " ".join(str((7 * number) % 11) for number in range(24)) + "\n"
"""Game of three players with two strategies each."""


class UnusableModule(ModuleType):
    """Library that is installed and of no use: whatever is asked of it is an error."""

    def __getattr__(self, name):
        if name.startswith("__"):  # asked of every module by inspect
            raise AttributeError(name)
        raise AssertionError(f"{self.__name__}.{name} was used")


def printed_and_written(neuronet, folder, command, run):
    words = [str(run) if word == "RUN" else word for word in f"{command} {CALLS[command]}".split()]
    status, out, errors = neuronet(*words)
    assert status == 0, errors
    written = {path.name: path.read_bytes() for path in (folder / "OUT").glob("*") if path.name != "manifest.json"}
    for path in (folder / "OUT").glob("*"):
        path.unlink()
    return out, errors, written


def test_commands_are_all_here():
    assert {command.callback.__name__ for command in app.registered_commands} == {command.split()[0] for command in CALLS}


@pytest.mark.slow
@pytest.mark.parametrize("command", CALLS)
def test_command_does_not_depend_on_installed_libraries(command, trained, neuronet, tmp_path, monkeypatch):
    (tmp_path / "game.nfg").write_text(GAME)
    found = []
    for present in (True, False):
        for name in LIBRARIES:
            for module in [module for module in sys.modules if module == name or module.startswith(f"{name}.")]:
                monkeypatch.delitem(sys.modules, module)
            monkeypatch.setitem(sys.modules, name, UnusableModule(name) if present else None)
        found.append(printed_and_written(neuronet, tmp_path, command, trained))
    assert found[0] == found[1]
    assert command == "solve" or found[0][2]
