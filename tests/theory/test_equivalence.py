from __future__ import annotations

import torch

from neuronet.theory import equivalence, reference
from neuronet.theory.test_case import MYOPIC


def test_other_policies_fail(wrong):
    assert not next(equivalence.checks(wrong)).passed


def test_other_policies_fail_on_agents(wrong):
    gap = equivalence.gap(wrong, "agents", "tanh", 3, "cross-entropy", "dense")
    assert not gap < 1e-12


def test_wrong_activation_in_the_oracle_fails(monkeypatch):
    monkeypatch.setitem(reference.FUNCTIONS, "relu", torch.nn.functional.softplus)
    assert not next(equivalence.checks()).passed


def test_wrong_loss_in_the_oracle_fails(monkeypatch):
    monkeypatch.setattr(reference, "mean_loss", lambda game, outputs: 1.001 * torch.mean(outputs**2))
    assert not next(equivalence.checks()).passed


def test_one_bad_case_is_the_worst_gap(monkeypatch):
    good = equivalence.gap(MYOPIC, "tensors", "tanh", 2, "cross-entropy", "dense")
    monkeypatch.setattr(equivalence, "gap", lambda *case: 1.0 if case[3:] == (6, "squared-error", "dense") else good)
    assert equivalence.worst_gap(MYOPIC, "tensors", "tanh") == 1.0


def test_gap_of_nan_fails(monkeypatch):
    monkeypatch.setattr(equivalence, "gap", lambda *case: float("nan") if case[3] == 3 else 0.0)
    assert not next(equivalence.checks()).passed
