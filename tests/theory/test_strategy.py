from __future__ import annotations

import numpy as np
import pytest

from neuronet.policies import AttentionSeeking
from neuronet.theory import strategy
from neuronet.theory.test_case import RoundRecord


def test_feedback_of_another_measure_fails():
    swapped = tuple(AttentionSeeking(p=p, foresight=1.0) for p in reversed(strategy.EXPONENTS))
    assert [check.passed for check in strategy.checks(swapped)] == [False] * 4


def test_myopic_and_contrarian_feedback_fails(contrarian):
    assert [check.passed for check in strategy.checks(tuple(AttentionSeeking(p=p) for p in strategy.EXPONENTS))] == [False] * 4
    assert [check.passed for check in strategy.checks((contrarian,) * 4)] == [False] * 4


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
def test_utility_after_the_response_equals_a_value_by_hand(p):
    # two samples, one neuron with activity 1 and 3, two listeners with demands 2, 0 and -1, 1
    activity = np.array([[1.0], [3.0]])
    record = RoundRecord(np.array([[0.5], [-2.0]]), np.array([[2.0, -1.0], [0.0, 1.0]]), activity, activity)
    # responses: (2 + 0) / 2 = 1 and (-1 + 3) / 2 = 1; with eta = 0.5 the attention becomes 1 and -1.5
    assert strategy.utility_after(record, activity, 0.5, p) == pytest.approx([(1.0 + 1.5**p) / p])
