from __future__ import annotations

import pytest

from neuronet.policies import AttentionSeeking
from neuronet.policies.wrappers.noisy import Noisy
from neuronet.theory import foresight
from neuronet.theory.test_case import MYOPIC


def test_the_myopic_fail_throughout(contrarian):
    assert [check.passed for check in foresight.checks(MYOPIC)] == [False, False, False]
    assert [check.passed for check in foresight.checks(contrarian)] == [False, False, False]


def test_half_the_foresight_is_still_first_order_but_not_the_whole_response():
    assert [check.passed for check in foresight.checks(AttentionSeeking(foresight=0.5))] == [False, False, True]


def test_a_gap_that_does_not_shrink_fails():
    *_, slope = foresight.checks(Noisy(AttentionSeeking(foresight=1.0), sigma=0.01))
    assert not slope.passed


@pytest.mark.parametrize("engine", ["tensors", "agents"])
def test_another_learning_rate_is_foreseen_too(engine):
    assert foresight.gap_to_anticipated_weights(foresight.FORESIGHTED, engine, 0.25) < 1e-12
