"""Campaigns are not run by the tests: that each still plays, by a few cases."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from tests.campaigns.kills import is_before_main
from tests.helpers.paths import ROOT

CAMPAIGNS = {
    "parity": "--games 12",
    "bad_inputs": "--inputs 12",
    "kills": "--kills 3 --commands run",
    "races": "--races 3 --commands run",
    "soak": "--minutes 0",
}


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_campaign_says_how_it_is_used(name, capsys):
    with pytest.raises(SystemExit) as end:
        import_module(f"tests.campaigns.{name}").main(["--help"])
    assert end.value.code == 0
    assert CAMPAIGNS[name].split()[0] in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("name", CAMPAIGNS)
def test_campaign_plays(name):
    command = [sys.executable, "-m", f"tests.campaigns.{name}", *CAMPAIGNS[name].split()]
    played = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert played.returncode == (2 if name == "soak" else 0), played.stdout + played.stderr  # a soak wants more minutes
    assert not played.stderr


PACKAGE = """Traceback (most recent call last):
  File "<frozen runpy>", line 189, in _run_module_as_main
  File "neuronet/__init__.py", line 9, in <module>
KeyboardInterrupt
"""
MAIN = """Traceback (most recent call last):
  File "<frozen runpy>", line 198, in _run_module_as_main
  File "neuronet/__main__.py", line 26, in main
KeyboardInterrupt
"""


@pytest.mark.parametrize(
    ("errors", "before"),
    [
        ("Fatal Python error: init_import_site: Failed to import the site module\nKeyboardInterrupt\n", True),
        (PACKAGE, True),
        (MAIN, False),
        ("Interrupted.\n", False),
        (f"Interrupted.\n{PACKAGE}", False),
        ("", False),
    ],
)
def test_only_start_of_python_excuses_a_traceback(errors, before):
    assert is_before_main(errors) == before
