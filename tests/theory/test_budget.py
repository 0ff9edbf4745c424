"""The checks of the attention budget hold, and each can fail."""

from __future__ import annotations

import numpy as np
import pytest

from neuronet.policies import AttentionSeeking, Budgeted
from neuronet.theory.budget import checks, equal_lengths_case, strategic_policy
from neuronet.theory.test_case import ENGINES

POLICY = Budgeted(bias="scaled")


@pytest.fixture(scope="module")
def rows():
    return list(checks())


def test_every_check_holds(rows):
    assert [row.claim for row in rows if not row.passed] == []
    assert len(rows) == 8


@pytest.mark.parametrize(
    ("strategic", "budgeted", "failing"),
    [
        (lambda p: Budgeted(AttentionSeeking(p=p, foresight=1.0)), POLICY, "strategic"),  # price-taking: without 1 - e^2
        (lambda p: Budgeted(AttentionSeeking(p=p), strategic=True), POLICY, "strategic"),  # without foresight
        (strategic_policy, AttentionSeeking(p=1), "equal lengths"),  # another strategy
        (strategic_policy, Budgeted(), "equal lengths"),  # the bias alone is not divided
        (strategic_policy, AttentionSeeking(), "unequal lengths"),  # without a budget
    ],
)
def test_each_check_can_fail(strategic, budgeted, failing):
    affected = [row for row in checks(strategic, budgeted) if row.claim.startswith(failing)]
    assert affected
    assert not any(row.passed for row in affected)


def test_constructed_network_has_equal_lengths():
    """Of the policy without a budget, over the weights."""
    case = equal_lengths_case("tanh").with_policy(AttentionSeeking())
    for engine in ENGINES:
        for layer in case.intents(engine):
            lengths = np.linalg.norm(layer[:, :-1], axis=1)
            np.testing.assert_allclose(lengths, lengths[0], rtol=1e-9)
