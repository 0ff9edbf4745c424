"""The table of all checks, computed once."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from neuronet import theory
from neuronet.core.activation import ACTIVATIONS
from neuronet.policies import POLICIES
from neuronet.theory import Below, Check, check_all, foresight, inflation, measures, strategy


@pytest.fixture(scope="module")
def table() -> list[Check]:
    return check_all()


@pytest.mark.parametrize("part", [strategy, foresight, measures, inflation], ids=lambda part: part.__name__.rpartition(".")[2])
def test_quick_checks_pass(part):
    assert [check for check in part.checks() if not check.passed] == []


@pytest.mark.slow
def test_every_check_passes(table):
    assert [check for check in table if not check.passed] == []


@pytest.mark.slow
def test_every_proposition_is_checked(table):
    assert {check.proposition[0] for check in table} >= {"1", "2", "3", "4", "5", "6", "7"}
    assert {check.proposition for check in table} >= {"(1) strategy", "inflation", "engines agree"}


@pytest.mark.slow
def test_every_activation_and_policy_is_checked(table):
    claims = [check.claim for check in table if check.proposition == "1 equivalence"]
    for activation in ACTIVATIONS:
        assert sum(f" {activation}, depth" in claim for claim in claims) == 1
    assert {check.claim.split(":")[0] for check in table if check.proposition == "engines agree"} == set(POLICIES)


@pytest.mark.slow
def test_claims_are_unique(table):
    assert len({(check.proposition, check.claim) for check in table}) == len(table)


def test_importing_the_package_loads_no_heavy_library():
    heavy = "{'torch', 'mesa', 'numpy', 'matplotlib', 'sklearn'} & set(sys.modules)"
    code = f"import sys, neuronet.theory; assert not {heavy}, {heavy}"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_checks_run_in_one_thread_and_restore_the_number_of_threads(monkeypatch):
    def threads():
        yield Check("threads", "number of threads", torch.get_num_threads(), Below(2.0))

    before = torch.get_num_threads()
    monkeypatch.setattr(theory, "checks", threads)
    torch.set_num_threads(2)
    try:
        assert [check.passed for check in check_all()] == [True]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
