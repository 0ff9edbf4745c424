"""All arrays of a round are on the device, and no operation makes the host wait: checked without a GPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from neuronet.core.errors import NeuroNetError
from neuronet.engines.tensors import resolve_device
from neuronet.policies import POLICIES
from tests.helpers.paths import ROOT

FAULTS = {
    "a tensor left on the cpu": "Expected all tensors to be on the same device",
    "an item()": "makes the host wait",
    "a branch on a value": "makes the host wait",
    "a copy to the host": "takes numbers from the device to the host",
    "a copy into the host's memory": "takes numbers from the device to the host",
    "a choice by a mask": "makes the host wait for the number of places",
    "a copy that waits": "waits until the device has the host's numbers",
}


@pytest.mark.parametrize(
    "cases", ["few", pytest.param("some", marks=pytest.mark.slow), pytest.param("all", marks=pytest.mark.exhaustive)]
)
def test_rounds_stay_on_the_device_and_faults_are_detected(cases):
    """One process for all rounds, since its start takes seconds."""
    backend_registration = pytest.importorskip("torch.utils.backend_registration")
    if not hasattr(backend_registration, "_setup_privateuseone_for_python_backend"):
        pytest.skip("this version of torch cannot make up a device")
    command = [sys.executable, str(ROOT / "tests" / "engines" / "tensors" / "fake_device.py"), cases]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=200)
    assert ran.returncode == 0, ran.stderr
    played = json.loads(ran.stdout)
    assert cases == "few" or {f"policy {name}" for name in POLICIES} <= played["cases"].keys()
    assert {name: wrong for name, wrong in played["cases"].items() if wrong} == {}
    assert played["faults"].keys() == FAULTS.keys()
    assert {name: wrong for name, wrong in played["faults"].items() if FAULTS[name] not in wrong} == {}


def test_fake_device_is_unknown_to_users():
    with pytest.raises(NeuroNetError, match="device must be auto, cpu, cuda, cuda:N or mps, got 'fakegpu'"):
        resolve_device("fakegpu")
