"""The command line, called in the tests' own process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from neuronet.cli.main import start


@dataclass(frozen=True)
class Answer:
    """What the command line answered."""

    status: int
    out: str
    err: str


@pytest.fixture
def neuronet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path) -> Callable[..., Answer]:
    """Runs the command line in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["neuronet", *map(str, arguments)])
        capsys.readouterr()
        status = start()
        captured = capsys.readouterr()
        return Answer(status, captured.out, captured.err)

    return call
