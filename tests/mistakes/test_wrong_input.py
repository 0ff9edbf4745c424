"""Mistakes in a call or a command: one sentence that says what would be right."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import neuronet as nn_
from neuronet.control import train as train_control
from neuronet.core import NeuroNetError
from neuronet.interventions import lesion
from neuronet.policies import FreeRider
from tests.mistakes import plug_ins

OWN = "tests.mistakes.plug_ins"
X, Y = np.arange(60.0).reshape(20, 3), np.arange(20) % 2


def train(environment="xor", **options):
    return nn_.train(environment, **{"hidden": 4, "epochs": 1, "batch_size": 100, **options})


def engine(kind=nn_.TensorEngine):
    return kind(nn_.Setup(nn_.build_network((2, 3, 2)), nn_.Greedy()))


CALLS = {
    "name of a policy": (lambda: train(policy="greddy"), "did you mean 'greedy'"),
    "name of an option": (lambda: train(learning_rat=0.1), "did you mean 'learning_rate'"),
    "name of an activation": (lambda: train(activation="rellu"), "did you mean 'relu'"),
    "name of an optimizer": (lambda: train(optimizer="adamm"), "did you mean 'adam'"),
    "name of an environment": (lambda: train("digit"), "did you mean 'digits'"),
    "name of a channel": (lambda: train(channels="demand:dropuot(0.3)"), "did you mean 'dropout'"),
    "name of an intervention": (lambda: train(interventions="1: lesionn(layer=1)"), "did you mean 'lesion'"),
    "name of a parameter": (lambda: train(policy="greedy(tpo=2)"), "it takes top"),
    "class for a policy": (lambda: train(policy=nn_.Greedy), "got the class Greedy: write Greedy()"),
    "class for a policy in a list": (lambda: train(policy=[nn_.Greedy, "greedy"]), "write Greedy()"),
    "class for an environment": (lambda: train(nn_.Xor), "got the class Xor: write Xor()"),
    "class for an optimizer": (lambda: train(optimizer=nn_.Adam), "got the class Adam: write Adam()"),
    "class for a channel": (lambda: nn_.ChannelAt("demand", plug_ins.Noise), "write Noise()"),
    "class for a payoff": (lambda: train(plug_ins.PaidByClass()), "write CrossEntropy()"),
    "class to be wrapped": (lambda: nn_.Noisy(nn_.Greedy), "write Greedy()"),
    "class to be converted to": (lambda: nn_.convert(nn.Linear(2, 2), nn_.Greedy), "write Greedy()"),
    "class in a setup": (lambda: nn_.Setup(nn_.build_network((2, 3, 2)), nn_.Greedy), "write Greedy()"),
    "optimizer of torch": (lambda: train(optimizer=torch.optim.SGD), "optimizer should be an instance of Optimizer"),
    "environment of Gymnasium": (lambda: train("CartPole-v1"), "`neuronet control` and neuronet.control.train"),
    "environment of Gymnasium in a namespace": (lambda: train("ALE/Pong-v5"), "neuronet.control.train"),
    "environment for control": (lambda: train_control("xor"), "cannot make the Gymnasium environment 'xor'"),
    "inputs without targets": (lambda: train(X), "a pair of arrays, got ndarray"),
    "lengths": (lambda: train((X, Y[:5])), "20 inputs do not fit targets of shape (5,)"),
    "flat inputs": (lambda: train((X[:, 0], Y)), "inputs must have the shape (samples, inputs)"),
    "nan among inputs": (lambda: train((np.where(X == 7, np.nan, X), Y)), "nan"),
    "hidden layer of 0 neurons": (lambda: train(hidden=(4, 0)), "hidden should be greater than or equal to 1"),
    "hidden as a text": (lambda: train(hidden="64"), "integers such as 64 or (256, 256), got '64'"),
    "learning rate as a text": (lambda: train(learning_rate="0.1"), "learning_rate should be a valid number"),
    "learning rate below 0": (lambda: train(learning_rate=-1), "learning_rate should be greater than 0"),
    "half an epoch": (lambda: train(epochs=0.5), "epochs should be a valid integer, got 0.5"),
    "percentage without its sign": (lambda: train(policy="greedy:85,attention:15"), "such as 85%"),
    "shares above 1": (lambda: train(policy="greedy:85%,attention:25%"), "add up to 1, got 0.85 + 0.25"),
    "policies for too many layers": (lambda: train(policy=["greedy"] * 5), "one for each of 2 listening layers, got 5"),
    "name in a population": (lambda: nn_.Population.per_layer(["gredy"]), "did you mean"),
    "function that is none": (lambda: train(log=3), "log must be a function, got 3"),
    "folder without a run": (lambda: nn_.resume("nowhere"), "there is no run in 'nowhere'"),
    "file without a model": (lambda: nn_.load("nowhere.safetensors"), "no trained model in 'nowhere.safetensors'"),
    "file without a table": (lambda: train("table:nowhere.csv"), "'nowhere.csv' not found"),
    "module that is not there": (lambda: train(policy="nowhere:Mine"), "cannot import the module"),
    "class that is not there": (lambda: train(policy=f"{OWN}:Absent"), "has no Absent; its policies are Crowd"),
    "policy for a setup": (lambda: nn_.NeuronModel(nn_.Greedy()), "an engine needs a Setup"),
    "policy for a setup of tensors": (lambda: nn_.TensorEngine(nn_.Greedy()), "an engine needs a Setup"),
    "nothing for a state": (lambda: engine().restore(None), "a State, as engine.state() returns it"),
    "result for an engine": (lambda: lesion(plug_ins, layer=1), "an intervention is applied to an engine"),
    "inputs of another width": (lambda: engine().play(np.ones((4, 3)), np.zeros(4, int)), "(samples, 2), got (4, 3)"),
    "targets that are no classes": (lambda: engine().play(np.ones((4, 2)), np.zeros(4)), "targets must be integers"),
    "arguments the wrong way round": (lambda: nn_.convert(nn_.Greedy(), nn.Linear(2, 2)), "convert takes a torch.nn.Module"),
    "module without layers": (lambda: nn_.convert(nn.ReLU(), "greedy"), "nothing to convert"),
    "layer that is not there": (lambda: nn_.convert(nn.Sequential(nn.Linear(2, 2)), {"fc": "greedy"}), "no layer matches 'fc'"),
    "name in convert": (lambda: nn_.convert(nn.Linear(2, 2), "greddy"), "did you mean 'greedy'"),
    "number in convert": (lambda: nn_.convert(nn.Linear(2, 2), 3), "a spec such as 'greedy(top=3)'"),
}


@pytest.mark.parametrize("case", CALLS)
def test_wrong_call_is_one_sentence(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call, expected = CALLS[case]
    with pytest.raises(NeuroNetError) as caught:
        call()
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


COMMANDS = {
    "exception of a policy": (["--policy", f"{OWN}:Mine"], f"policy Mine failed in feedback, {plug_ins.line_of('slip')}: Zero"),
    "exception of an environment": ([f"{OWN}:Broken"], f"environment Broken failed in train, {plug_ins.line_of('environment')}"),
    "constructor": (["--policy", f"{OWN}:Fussy(share=2.0)"], f"{plug_ins.line_of('constructor')}: AssertionError: share is too"),
    "environment of Gymnasium": (["CartPole-v1"], "neuronet control"),
    "name": (["--policy", "greddy"], "did you mean 'greedy'"),
    "module with a slip": (["--policy", "slip:Mine"], "slip.py line 3: NameError: name 'unknown' is not defined"),
    "module that Python cannot read": (["--policy", "odd:Mine"], "odd.py line 1: SyntaxError"),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_wrong_command_is_one_sentence(case, neuronet, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "slip.py").write_text("import neuronet\n\nunknown.thing\n")
    (tmp_path / "odd.py").write_text("class Mine(:\n")
    arguments, expected = COMMANDS[case]
    environment = [] if not arguments[0].startswith("--") else ["xor"]
    answer = neuronet("run", *environment, *arguments, "--engine", "tensors", "--hidden", "4", "--epochs", "1")
    assert answer.status == 2
    assert answer.out == ""
    assert answer.err.startswith("Error: ")
    assert answer.err.count("\n") == 1
    assert expected in answer.err


@pytest.mark.parametrize("place", ["before", "after"])
def test_traceback_is_printed_where_it_is_asked_for(place, neuronet):
    command = ["run", "xor", "--policy", f"{OWN}:Mine", "--engine", "tensors"]
    answer = neuronet(*(["--traceback", *command] if place == "before" else [*command, "--traceback"]))
    assert answer.status == 2
    assert "layer_record.py" in answer.err
    assert answer.err.splitlines()[-1].startswith("Error: policy Mine failed in feedback")


UNDERSTOOD = {
    "activation": {"activation": "ReLU"},
    "activation with an underscore": {"activation": "Leaky_ReLU"},
    "optimizer": {"optimizer": "Adam"},
    "optimizer of capitals": {"optimizer": "SGD"},
    "policy": {"policy": "FreeRider"},
    "engine": {"engine": "Tensors"},
    "initialisation": {"init": "He"},
    "schedule": {"lr_schedule": "Cosine"},
    "percent": {"policy": "attention:75%,free-rider:25%"},
    "no hidden layer": {"hidden": 0},
    "connectivity in percent": {"connectivity": "sparse(50%)"},
}


@pytest.mark.parametrize("case", UNDERSTOOD)
def test_what_is_clearly_meant_is_understood(case):
    options = UNDERSTOOD[case]
    plain = {name: option.lower().replace("_", "-") for name, option in options.items() if isinstance(option, str)}
    plain = {**plain, **({"policy": FreeRider()} if case == "policy" else {})}
    result = train(**options)
    if case == "percent":
        assert result.config.policy.parts[0][1] == 0.75
    elif case == "no hidden layer":
        assert result.network.sizes == (2, 2)
    elif "percent" not in case:
        assert result.config == train(**plain).config


@pytest.mark.parametrize("width", [60, 80, 120])
def test_help_cuts_nothing(width, neuronet, monkeypatch):
    import typer.rich_utils

    monkeypatch.setattr(typer.rich_utils, "MAX_WIDTH", width)
    monkeypatch.setenv("COLUMNS", str(width))
    for command in (["run"], ["sweep"], ["control"], ["game", "evolve"], ["lab"], ["continual"]):
        answer = neuronet(*command, "--help")
        assert answer.status == 0
        assert "…" not in answer.out
    assert "[lab]" in neuronet("lab", "--help").out


def test_single_epoch_is_in_the_singular(neuronet):
    answer = neuronet("run", "xor", "--epochs", "1", "--hidden", "0", "--batch-size", "400")
    assert "1 round in 1 epoch," in answer.out
    assert "2-2 without a hidden layer" in answer.out
