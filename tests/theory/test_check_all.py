from __future__ import annotations

import subprocess
import sys

import pytest

from neuronet.core.activation import ACTIVATIONS
from neuronet.policies import POLICIES
from neuronet.theory import Check, check_all


@pytest.fixture(scope="module")
def table() -> list[Check]:
    return check_all()


def test_every_check_passes(table):
    assert [check for check in table if not check.passed] == []


def test_every_proposition_is_there(table):
    assert {check.proposition[0] for check in table} >= {"1", "2", "3", "4", "5"}
    assert {check.proposition for check in table} >= {"(1) strategy", "inflation", "engines agree"}


def test_every_activation_and_every_policy_is_there(table):
    claims = [check.claim for check in table if check.proposition == "1 equivalence"]
    for activation in ACTIVATIONS:
        assert sum(f" {activation}, depth" in claim for claim in claims) == 1
    assert {check.claim.split(":")[0] for check in table if check.proposition == "engines agree"} == set(POLICIES)


def test_no_two_lines_say_the_same(table):
    assert len({(check.proposition, check.claim) for check in table}) == len(table)


def test_importing_the_package_is_light():
    heavy = "{'torch', 'mesa', 'numpy', 'matplotlib', 'sklearn'} & set(sys.modules)"
    code = f"import sys, neuronet.theory; assert not {heavy}, {heavy}"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_number_of_threads_is_as_before():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        check_all()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
