"""The command line of games, called in the tests' own process."""

import sys

import pytest

from neuronet.cli.main import start


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
