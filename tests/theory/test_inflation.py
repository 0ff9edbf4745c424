from __future__ import annotations

from neuronet.theory import inflation


def test_tanh_neurons_cannot_inflate():
    outputs, _, scaled = inflation.checks("tanh")
    assert not outputs.passed
    assert not scaled.passed


def test_leaky_relu_neurons_can_inflate():
    assert all(check.passed for check in inflation.checks("leaky-relu"))


def test_unchanged_utility_fails(monkeypatch):
    monkeypatch.setattr(inflation, "inflated", lambda game, factor: game)
    outputs, raw, scaled = inflation.checks()
    assert outputs.passed
    assert not raw.passed
    assert scaled.passed


def test_unscaled_attention_fails(monkeypatch):
    monkeypatch.setattr(inflation, "scaled_attention", lambda record: record.attention)
    *_, scaled = inflation.checks()
    assert not scaled.passed
