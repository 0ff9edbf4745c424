from __future__ import annotations

import numpy as np
import pytest

from neuronet.policies import AttentionSeeking, Greedy
from neuronet.theory import measures
from neuronet.theory.test_case import MYOPIC


@pytest.mark.parametrize("policy", [AttentionSeeking(p=1.001), AttentionSeeking(p=2.0), Greedy()], ids=repr)
def test_other_measures_are_not_sign_symmetric(policy):
    tensors, agents, *_ = measures.checks(sign=policy)
    assert not tensors.passed
    assert not agents.passed


@pytest.mark.parametrize("policy", [AttentionSeeking(p=2.0), AttentionSeeking(p=10.0), Greedy(top=2)], ids=repr)
def test_small_p_is_not_greedy(policy):
    _, _, tensors, agents, _ = measures.checks(large=policy)
    assert not tensors.passed
    assert not agents.passed


def test_contrarian_is_not_greedy(contrarian):
    assert measures.distance_from_greedy(contrarian, "tensors") > 0.5


def test_distance_from_greedy_falls_with_p():
    distances = [measures.distance_from_greedy(AttentionSeeking(p=p), "tensors") for p in (2.0, 8.0, 32.0, 128.0, 512.0)]
    assert distances == sorted(distances, reverse=True)


@pytest.mark.parametrize("engine", ["tensors", "agents"])
def test_greedy_follows_only_the_strongest_listener(engine):
    record = measures.one_hidden_layer().with_policy(Greedy(top=1)).records(engine)[0]
    for neuron, weights in enumerate(record.attention.T):
        strongest = max(range(len(weights)), key=lambda k: abs(weights[k]))
        np.testing.assert_allclose(record.feedback[:, neuron], weights[strongest] * record.demand[:, strongest], rtol=1e-14)


def test_alignment_check_fails_for_backpropagation():
    *_, alignment = measures.checks(others=(AttentionSeeking(p=1.0), MYOPIC))
    assert not alignment.passed
    assert measures.best_alignment(MYOPIC) == pytest.approx(1.0, abs=1e-12)
