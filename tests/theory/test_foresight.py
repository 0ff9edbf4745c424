from __future__ import annotations

import pytest

from neuronet.policies import AttentionSeeking
from neuronet.policies.wrappers.noisy import Noisy
from neuronet.theory import foresight
from neuronet.theory.test_case import MYOPIC


def test_myopic_policies_fail(contrarian):
    assert [check.passed for check in foresight.checks(MYOPIC)] == [False, False, False]
    assert [check.passed for check in foresight.checks(contrarian)] == [False, False, False]


def test_foresight_of_one_half_has_the_order_but_not_the_response():
    assert [check.passed for check in foresight.checks(AttentionSeeking(foresight=0.5))] == [False, False, True]


def test_gap_of_constant_size_fails():
    *_, slope = foresight.checks(Noisy(AttentionSeeking(foresight=1.0), sigma=0.01))
    assert not slope.passed


@pytest.mark.parametrize("engine", ["tensors", "agents"])
def test_foresight_uses_the_learning_rate(engine):
    assert foresight.gap_to_anticipated_weights(foresight.FORESIGHTED, engine, 0.25) < 1e-12
