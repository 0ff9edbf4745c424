"""Every shipped policy keeps the contract, in its default and in other settings."""

from __future__ import annotations

import pytest

from neuronet.testing import check_policy
from tests.helpers import toys


@pytest.mark.parametrize("policy", toys.SHIPPED, ids=repr)
def test_every_policy_keeps_the_contract(policy):
    check_policy(policy)
