from __future__ import annotations

import numpy as np
import pytest

from neuronet.environments import Xor
from neuronet.policies import AttentionSeeking, Noisy
from neuronet.theory import Below, agreement
from neuronet.theory.test_case import synapses

ENVIRONMENT = Xor(samples=64)


@pytest.mark.parametrize(
    "other", [AttentionSeeking(p=2.0001), AttentionSeeking(foresight=0.001), Noisy(sigma=1e-6)], ids=["p", "foresight", "noise"]
)
def test_slightly_different_policies_do_not_agree(other):
    assert agreement.largest_difference(AttentionSeeking(), AttentionSeeking(), ENVIRONMENT) < 1e-9
    assert not Below(1e-9).holds(agreement.largest_difference(AttentionSeeking(), other, ENVIRONMENT))


def test_training_changes_the_weights_that_are_compared(monkeypatch):
    end = synapses(agreement.trained("tensors", AttentionSeeking(), ENVIRONMENT))
    monkeypatch.setattr(agreement, "ROUNDS", 0)
    start = synapses(agreement.trained("tensors", AttentionSeeking(), ENVIRONMENT))
    assert all(np.abs(a - b).max() > 0.01 for a, b in zip(start, end, strict=True))
