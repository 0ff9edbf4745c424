"""The command line of games, called in the tests' own process."""

import sys

import pytest

from neuronet.cli.main import start


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Folder of a run with two replicas."""
    from neuronet import train

    folder = tmp_path_factory.mktemp("runs") / "trained"
    train("xor", policy="greedy", hidden=(4,), epochs=1, replicas=2, out=folder)
    return folder


@pytest.fixture
def neuronet(monkeypatch, capsys, tmp_path):
    """Function that runs the command line in an empty folder and returns status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["neuronet", "game", *map(str, arguments)])
        capsys.readouterr()
        status = start()
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call
