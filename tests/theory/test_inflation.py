from __future__ import annotations

from neuronet.theory import inflation


def test_only_neurons_that_scale_with_their_potential_can_inflate():
    outputs, _, scaled = inflation.checks("tanh")
    assert not outputs.passed
    assert not scaled.passed


def test_leaky_relu_inflates_too():
    assert all(check.passed for check in inflation.checks("leaky-relu"))


def test_utility_that_stays_as_it_was_fails(monkeypatch):
    monkeypatch.setattr(inflation, "inflated", lambda game, factor: game)
    outputs, raw, scaled = inflation.checks()
    assert outputs.passed
    assert not raw.passed
    assert scaled.passed


def test_attention_that_is_not_scaled_fails(monkeypatch):
    monkeypatch.setattr(inflation, "scaled_attention", lambda record: record.attention)
    *_, scaled = inflation.checks()
    assert not scaled.passed
