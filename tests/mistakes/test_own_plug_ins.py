"""Mistakes within a plug-in of one's own: one sentence with the plug-in, its method, and the user's own file and line."""

from __future__ import annotations

import pickle
import traceback

import pytest
import torch
from torch import nn

import neuronet
from neuronet.core import NeuroNetError, PlugInError, PolicyError, plug_in_errors
from neuronet.execution.executor import parallel_map
from neuronet.interventions import apply_intervention
from tests.mistakes import plug_ins
from tests.mistakes.plug_ins import Mine, line_of

OWN = "tests.mistakes.plug_ins"
ENGINES = ("agents", "tensors")
HOOKS = ("speak", "feedback", "demand", "adapt", "initial_memory", "remember")


def train(environment="xor", **options):
    return neuronet.train(environment, **{"hidden": 4, "epochs": 1, "batch_size": 100, **options})


def model(policy, **options):
    network = neuronet.build_network((2, 4, 3, 2), seed=1)
    return neuronet.NeuronModel(neuronet.Setup(network, policy, **options))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("hook", HOOKS)
def test_exception_in_a_hook_names_the_policy_and_the_line(engine, hook):
    with pytest.raises(PlugInError) as caught:
        train(policy=Mine(hook), engine=engine)
    expected = f"policy Mine failed in {hook}, {line_of('slip')}: ZeroDivisionError: division by zero"
    assert str(caught.value) == expected
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    files = {frame.filename for frame in traceback.extract_tb(caught.value.__cause__.__traceback__)}
    assert files == {str(plug_ins.SOURCE)}
    assert "neuronet" in caught.value.traceback_text


OTHER_FAILURES = {
    "linear": (lambda: train(policy=plug_ins.Linear()), "policy Linear failed in feedback_weights", "key"),
    "replicas": (lambda: train(policy=plug_ins.Linear(), replicas=2), "policy Linear failed in feedback_weights", "key"),
    "inside a wrapper": (lambda: train(policy=plug_ins.Outer(Mine())), "policy Mine failed in feedback", "slip"),
    "inside a wrapper of NeuroNet": (lambda: train(policy=neuronet.Noisy(Mine())), "policy Mine failed in feedback", "slip"),
    "misspelt field": (lambda: train(policy=plug_ins.Misspelt()), "a neuron cannot see 'atention'", "misspelt"),
    "undeclared field": (lambda: train(policy=plug_ins.Undeclared()), "reads 'response' without declaring", "undeclared"),
    "environment": (lambda: train(plug_ins.Broken()), "environment Broken failed in train", "environment"),
    "payoff": (lambda: train(plug_ins.paying(plug_ins.Costs())), "payoff Costs failed in loss", "payoff"),
    "channel": (
        lambda: train(channels=neuronet.ChannelAt("demand", plug_ins.Noise())),
        "channel Noise failed in transmit",
        "fail",
    ),
    "intervention": (
        lambda: intervene(plug_ins.Surgery()),
        "intervention Surgery failed in apply",
        "fail",
    ),
    "population": (
        lambda: train(policy=neuronet.Population.by_function(plug_ins.layout)),
        "population function layout failed in layout",
        "fail",
    ),
    "comparison": (
        lambda: neuronet.compare("xor", [plug_ins.Linear()], seeds=1, epochs=1, hidden=4),
        "policy Linear failed in feedback_weights",
        "key",
    ),
    "model of Mesa": (
        lambda: neuronet.NeuronModel(model(Mine()).setup, environment=neuronet.Xor()).step(),
        "policy Mine failed in feedback",
        "slip",
    ),
    "conversion": (lambda: neuronet.convert(nn.Linear(3, 2), plug_ins.Linear()), "policy Linear failed in", "key"),
    "name in a spec": (lambda: train(policy=f"{OWN}:Linear"), "policy Linear failed in feedback_weights", "key"),
    "constructor": (lambda: train(policy=f"{OWN}:Fussy(2.0)"), "cannot be made from", "constructor"),
}


def intervene(intervention):
    with plug_in_errors():
        apply_intervention(model(neuronet.Greedy()), intervention)


SLOW = {"comparison"}  # it loads torch's compiler


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.slow) if case in SLOW else case for case in OTHER_FAILURES]
)
def test_failure_of_any_plug_in_is_one_sentence_with_its_line(case):
    call, words, mark = OTHER_FAILURES[case]
    with pytest.raises(NeuroNetError) as caught:
        call()
    sentence = str(caught.value)
    assert words in sentence
    assert line_of(mark) in sentence
    assert "\n" not in sentence


def test_failure_in_a_backward_pass_keeps_the_sentence():
    module = neuronet.convert(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), plug_ins.Steady())
    failing = module[2].layer_policy.policy_groups[0]
    object.__setattr__(failing, "policy", Mine())
    with pytest.raises(PlugInError, match=r"policy Mine failed in feedback, plug_ins\.py line"):
        module(torch.ones(2, 3)).sum().backward()


def test_error_can_be_pickled_for_another_process():
    with pytest.raises(PlugInError) as caught:
        train(policy=Mine())
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy), copy.traceback_text) == (PlugInError, str(caught.value), caught.value.traceback_text)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError])
def test_interrupts_and_lack_of_memory_pass_unchanged(kind, monkeypatch):
    def stop(self, hook):
        raise kind

    monkeypatch.setattr(Mine, "_slip", stop)
    with pytest.raises(kind):
        train(policy=Mine())


def test_an_error_of_the_caller_is_left_alone():
    class StopHere(Exception):
        pass

    def log(line):
        raise StopHere

    with pytest.raises(StopHere):
        train(log=log)


SHAPES = [
    ("speak", "one column too many", "must give speak of shape (B, J)"),
    ("feedback", "one column too many", "must give feedback of shape (B, J)"),
    ("feedback", "nothing", "must give feedback of shape (B, J)"),
    ("feedback", "a number", "must give feedback of shape (B, J)"),
    ("feedback", "no samples", "must give feedback of shape (B, J)"),
    ("feedback", "single precision", "must give feedback of shape (B, J)"),
    ("demand", "one column too many", "must give demand of shape (B, J)"),
    ("adapt", "one column too many", "must give adapt of shape (J, S)"),
    ("adapt", "no samples", "must give adapt of shape (J, S)"),
    ("adapt", "nothing", "must give adapt of shape (J, S)"),
    ("initial_memory", "one column too many", "must give memory 'income' of shape (J, S)"),
    ("initial_memory", "nothing", "declares the memory income"),
    ("remember", "one column too many", "must give memory 'income' of shape (J, S)"),
    ("remember", "nothing", "declares the memory income"),
]
GOT = {
    "one column too many": "got shape (",
    "nothing": "None: is a return missing?",
    "a number": "got a float",
    "no samples": "got shape (",
    "single precision": "got float32 of ",
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("hook", "wrong", "words"), SHAPES)
def test_wrong_result_of_a_hook_names_policy_method_layer_and_shapes(engine, hook, wrong, words):
    with pytest.raises(PolicyError) as caught:
        train(policy=plug_ins.Returns(hook, wrong), engine=engine, dtype="float64")
    sentence = str(caught.value)
    assert sentence.startswith(f"Returns(hook='{hook}', wrong='{wrong}')")
    assert words in sentence
    assert GOT[wrong] in sentence
    assert " in layer 1" in sentence or " in layer 2" in sentence


@pytest.mark.parametrize("engine", ENGINES)
def test_wrong_feedback_weights_are_named_on_both_engines(engine):
    with pytest.raises(PolicyError, match=r"must give feedback_weights of shape \(K, J\).* in layer 1, got shape"):
        train(policy=plug_ins.WeightsOf(), engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_payoff_with_one_loss_for_all_samples_is_refused(engine):
    with pytest.raises(PolicyError, match=r"payoff MeanCosts.* must give loss of shape \(B\) = \(12,\), got shape \(\)"):
        train(plug_ins.paying(plug_ins.MeanCosts()), engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_channel_that_forgets_to_return_is_refused(engine):
    with pytest.raises(PolicyError, match=r"channel Noise.* must deliver demand above layer 1 .*is a return missing"):
        train(channels=neuronet.ChannelAt("demand", plug_ins.Noise(fails=False)), engine=engine)


@pytest.mark.slow
def test_item_that_cannot_be_sent_to_another_process_says_so():
    with pytest.raises(NeuroNetError, match="give it jobs=1"):
        list(parallel_map(len, [plug_ins.Unpicklable()], jobs=2))


def test_exception_of_a_worker_arrives_as_the_sentence():
    with pytest.raises(PlugInError, match="policy Mine failed in feedback"):
        list(parallel_map(lambda policy: train(policy=policy), [Mine()], jobs=1))


def test_environment_that_forgets_to_return_is_refused():
    with pytest.raises(NeuroNetError, match=r"train must be Samples\(inputs, targets\), got NoneType"):
        train(plug_ins.Forgetful())
