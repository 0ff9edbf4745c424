"""The folders policies and environments can be imported as parts of neuronet only."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.helpers.paths import ROOT


@pytest.mark.parametrize("statement", ["import {}", "from {}.{} import X"])
@pytest.mark.parametrize(("package", "module"), [("policies", "attention"), ("environments", "xor")])
def test_top_level_import_is_refused(statement, package, module):
    code = statement.format(package, module)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"ImportError: import neuronet.{package} instead")
