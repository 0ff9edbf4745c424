"""Numbers that are not finite, and contracts that are broken without failing."""

from __future__ import annotations

import warnings

import pytest

import neuronet
from neuronet.control import train as train_control
from neuronet.core import DivergedError, NonFiniteError, PolicyWarning
from neuronet.sweep import sweep
from neuronet.testing import first_run, watched
from tests.mistakes import plug_ins

ENGINES = ("agents", "tensors")


def train(**options):
    return neuronet.train("xor", **{"hidden": 4, "epochs": 1, "batch_size": 50, **options})


@pytest.mark.parametrize("options", [{"engine": "agents"}, {"engine": "tensors"}, {"replicas": 2}])
@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (plug_ins.Root(), "policy Root gave nan feedback_weights in layer 1 at round 0"),
        (plug_ins.Logarithm(), "policy Logarithm gave nan feedback in layer 1 at round 0"),
        (neuronet.Noisy(plug_ins.Logarithm()), "policy Logarithm gave nan feedback in layer 1 at round 0"),
    ],
)
def test_nan_is_traced_to_the_policy(policy, words, options):
    with pytest.raises(NonFiniteError) as caught:
        train(policy=policy, **options)
    assert str(caught.value).startswith(words)
    assert "learning_rate" not in str(caught.value)


@pytest.mark.parametrize("policy", [plug_ins.Steady(), "attention"])
def test_true_divergence_keeps_its_message(policy):
    with pytest.raises(DivergedError, match="in epoch 1: choose a learning_rate below 1e"):
        train(policy=policy, learning_rate=1e150, optimizer="sgd")


def test_policies_of_neuronet_are_not_played_again(monkeypatch):
    monkeypatch.setattr(watched.WatchedPopulation, "groups", None)
    with pytest.raises(DivergedError):
        train(learning_rate=1e150)


def test_search_is_given_up_after_its_time(monkeypatch):
    monkeypatch.setattr(watched, "MAX_SECONDS", -1.0)
    with pytest.raises(DivergedError):
        train(policy=plug_ins.Root())


def test_nan_in_control_is_traced_to_the_policy():
    pytest.importorskip("gymnasium")
    with pytest.raises(NonFiniteError, match="policy Root gave nan feedback_weights in layer 1 at round 0"):
        train_control("CartPole-v1", policy=plug_ins.Root(), rounds=3, episodes=2, hidden=4, max_steps=5)


def test_nan_in_a_sweep_is_traced_to_the_policy():
    base = {"environment": "xor", "hidden": 4, "epochs": 1, "engine": "tensors"}
    table = sweep({**base, "grid": {"policy": ["tests.mistakes.plug_ins:Root", "greedy"]}}, jobs=1)
    assert "policy Root gave nan feedback_weights" in table["error"][0]
    assert table["error"].isna().tolist() == [False, True]


@pytest.fixture
def checked(monkeypatch):
    monkeypatch.setenv(first_run.SWITCH, "on")
    monkeypatch.setattr(first_run, "_CHECKED", set())


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (plug_ins.Crowd(), "depends on other neurons of its layer"),
        (plug_ins.Scribbler(), "writes into obs.attention"),
        (neuronet.Noisy(plug_ins.Crowd()), "depends on other neurons of its layer"),
    ],
)
@pytest.mark.usefixtures("checked")
def test_broken_contract_is_noted_once(policy, words):
    notes = []
    for _ in range(2):
        train(policy=policy, log=notes.append, engine="tensors")
    (note,) = [line for line in notes if line.startswith("Note: ")]
    assert words in note
    assert "\n" not in note


@pytest.mark.usefixtures("checked")
def test_without_a_log_the_note_is_a_warning_at_the_call():
    with pytest.warns(PolicyWarning, match="policy Crowd breaks its contract") as caught:
        neuronet.train("xor", policy=plug_ins.Crowd(), hidden=4, epochs=1)
    assert caught[0].filename == __file__


@pytest.mark.usefixtures("checked")
def test_good_policies_and_those_of_neuronet_get_no_note():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(policy=plug_ins.Steady())
        train(policy="greedy")


@pytest.mark.usefixtures("checked")
def test_check_can_be_switched_off(monkeypatch):
    monkeypatch.setenv(first_run.SWITCH, "off")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(policy=plug_ins.Crowd(), engine="tensors")
