"""Every shipped policy keeps the contract, in its default and in other settings."""

from __future__ import annotations

import pytest

from neuronet.policies import POLICIES
from neuronet.testing import check_policy
from tests.helpers import toys


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_keeps_the_contract(name):
    check_policy(POLICIES[name]())


DEFAULTS = [cls() for cls in POLICIES.values()]


@pytest.mark.parametrize("policy", [policy for policy in toys.SHIPPED if policy not in DEFAULTS], ids=repr)
def test_settings_and_nestings_keep_the_contract(policy):
    check_policy(policy)


def test_every_shipped_policy_is_among_the_settings():
    assert {type(policy) for policy in toys.SHIPPED} >= set(POLICIES.values())
