"""Numbers that are not finite, and contracts that are broken without failing."""

from __future__ import annotations

import warnings

import pytest

import neuronet
from neuronet.continual import continual_study
from neuronet.control import train as train_control
from neuronet.core import DivergedError, NonFiniteError, PolicyWarning
from neuronet.lab.launch_config import make_launch_config
from neuronet.lab.session import Session
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


@pytest.mark.parametrize("options", [{"engine": "agents"}, {"engine": "tensors"}, {"engine": "tensors", "replicas": 2}])
@pytest.mark.parametrize(
    ("environment", "given", "words"),
    [
        ("xor", {"channels": neuronet.ChannelAt("activity", plug_ins.Ratio())}, "channel Ratio gave nan activity above layer 1"),
        ("xor", {"channels": neuronet.ChannelAt("demand", plug_ins.Ratio())}, "channel Ratio gave nan demand above layer 1"),
        (plug_ins.paying(plug_ins.LogLoss()), {}, "payoff LogLoss gave nan loss"),
        (plug_ins.paying(plug_ins.RootFeedback()), {}, "payoff RootFeedback gave nan feedback"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_nan_is_traced_to_channels_and_payoffs(environment, given, words, options):
    with pytest.raises(NonFiniteError) as caught:
        neuronet.train(environment, hidden=4, epochs=2, batch_size=50, **given, **options)
    assert str(caught.value).startswith(f"{words} at round 0")


@pytest.mark.parametrize("policy", [plug_ins.Steady(), "attention"])
def test_true_divergence_keeps_its_message(policy):
    with pytest.raises(DivergedError, match="in epoch 1: choose a learning_rate below 1e"):
        train(policy=policy, learning_rate=1e150, optimizer="sgd")


def test_policies_of_neuronet_are_not_played_again(monkeypatch):
    monkeypatch.setattr(watched, "WatchedPolicy", None)
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


@pytest.mark.slow  # it loads torch's compiler
def test_nan_in_a_comparison_is_traced_to_the_policy():
    notes = []
    neuronet.compare("xor", [plug_ins.Root(), "greedy"], seeds=2, epochs=2, hidden=4, log=notes.append)
    (note,) = [line for line in notes if line.startswith("Note: ") and "diverged" in line]
    assert "Root diverged from 2 of 2 seeds, 0 first: policy Root gave nan feedback_weights in layer 1 at round 0" in note


@pytest.mark.slow  # it loads torch's compiler
def test_divergence_in_a_comparison_names_the_learning_rate():
    notes = []
    neuronet.compare("xor", ["greedy"], seeds=1, epochs=2, hidden=4, learning_rate=1e150, log=notes.append)
    assert any("Note: greedy diverged from 1 of 1 seeds, 0 first: " in line and "below 1e+150" in line for line in notes)


def continual(policy, **options):
    options = {"seeds": 2, "iterations": 4, "hidden": (4,), "batch_size": 8, **options}
    return continual_study("permuted(tasks=2)", "digits", [f"tests.mistakes.plug_ins:{policy}"], **options)


def test_nan_in_a_continual_study_is_traced_to_the_policy():
    notes = []
    continual("Root", log=notes.append)
    (note,) = [line for line in notes if line.startswith("Note: ") and "diverged" in line]
    assert "Root diverged from 2 of 2 seeds, 0 first: policy Root gave nan feedback_weights in layer 1 at round 0" in note


def test_without_a_log_nan_in_a_continual_study_is_a_warning_at_the_call():
    with pytest.warns(PolicyWarning, match="policy Root gave nan feedback_weights") as caught:
        continual("Root")
    assert caught[0].filename == __file__


@pytest.mark.parametrize("steps", [1, 5])
@pytest.mark.parametrize(
    ("policy", "channels", "words"),
    [
        (plug_ins.Root(), (), "policy Root gave nan feedback_weights in layer 1 at round 0"),
        ("greedy", neuronet.ChannelAt("demand", plug_ins.Ratio()), "channel Ratio gave nan demand above layer 1 at round 0"),
    ],
)
def test_nan_in_the_lab_is_traced(policy, channels, words, steps):
    session = Session(make_launch_config("xor", policy=policy, channels=channels, hidden=4, batch_size=50))
    with pytest.raises(NonFiniteError) as caught:
        for _ in range(3):
            session.step(steps)
    assert str(caught.value).startswith(words)


def test_divergence_in_the_lab_names_the_learning_rate():
    session = Session(make_launch_config("xor", policy=plug_ins.Steady(), hidden=4, optimizer="sgd", learning_rate=1e150))
    with pytest.raises(DivergedError, match="choose a smaller learning rate"):
        for _ in range(10):
            session.step(1)


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
def test_broken_contract_is_noted_once_in_a_sweep():
    notes = []
    base = {"environment": "xor", "hidden": 4, "epochs": 1, "engine": "tensors"}
    grid = {"policy": ["tests.mistakes.plug_ins:Crowd", "greedy"]}
    sweep({**base, "seeds": 2, "grid": grid}, jobs=1, log=notes.append)
    (note,) = [line for line in notes if line.startswith("Note: ")]
    assert "policy Crowd breaks its contract" in note


@pytest.mark.usefixtures("checked")
def test_broken_contract_is_noted_once_in_a_continual_study():
    notes = []
    continual("Crowd", log=notes.append)
    (note,) = [line for line in notes if line.startswith("Note: ")]
    assert "policy Crowd breaks its contract" in note


@pytest.mark.slow  # it loads torch's compiler
@pytest.mark.usefixtures("checked")
def test_broken_contract_is_noted_once_in_a_comparison():
    notes = []
    policies = [plug_ins.Crowd(), neuronet.Noisy(plug_ins.Crowd())]
    neuronet.compare("xor", policies, seeds=1, epochs=1, hidden=4, log=notes.append)
    (note,) = [line for line in notes if line.startswith("Note: ")]
    assert "policy Crowd breaks its contract" in note


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
