"""What every test shares."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator
from typing import Any

import pytest
import torch
from hypothesis import settings

from neuronet.core.environment import Samples
from neuronet.environments import Digits
from tests.helpers.command_line import neuronet  # noqa: F401 (a fixture)

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("NEURONET_POLICY_CHECK", "off")  # the tests' own policies break their contract on purpose

# The same examples every time; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("neuronet", deadline=None, max_examples=25, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "neuronet"))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a run in the background of a script ignores Ctrl-C, which tests send
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # as nohup has it
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

if "OMP_NUM_THREADS" not in os.environ:  # the tests' layers are small: more threads would only wait for each other
    torch.set_num_threads(1)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Look for no garbage while modules are imported, and later leave out what they hold: some tests ask for all garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a file in one process, unless another way is asked for: what a file prepares is prepared once."""
    if config.getvalue("dist") != "load":
        return None
    from xdist.scheduler import LoadFileScheduling

    return LoadFileScheduling(config, log)


@pytest.fixture(scope="session")
def digits() -> Samples:
    """The training images of the digits, (1437, 64)."""
    return Digits().train
