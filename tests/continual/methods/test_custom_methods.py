"""Custom methods by module:Class."""

import csv
import json
import sys

import numpy as np
import pytest

from neuronet.cli.main import start as command_line
from neuronet.continual.methods.penalties.ewc import EWC
from neuronet.continual.methods.policy_learner import PolicyMethod
from neuronet.continual.methods.registry import parse_method
from neuronet.core.errors import NeuroNetError
from tests.continual.fixtures import SEEDS, class_experiment, learner_config, parameter_vector, train_tasks

MODULE = """
from dataclasses import dataclass
from typing import ClassVar

from neuronet.continual import Method
from neuronet.continual.methods.finetuning import Backprop, BackpropLearner
from neuronet.policies import AttentionSeeking


@dataclass(frozen=True)
class Slower(Method):
    factor: float = 0.5
    ranges: ClassVar = {"factor": (0.1, 1.0)}

    def learner(self, config):
        return SlowerLearner(config, self.factor)


class SlowerLearner(BackpropLearner):
    def __init__(self, config, factor):
        super().__init__(config)
        self.factor = factor

    def loss(self, batch):
        return self.factor * super().loss(batch)


class Mine(AttentionSeeking):
    pass


class Plain(Method):
    def learner(self, config):
        return BackpropLearner(config)


@dataclass(frozen=True)
class Unfinished(Method):
    pass


@dataclass(frozen=True)
class UnknownRange(Backprop):
    ranges: ClassVar = {"strength": (1.0, 2.0)}


class Thing:
    pass


number = 3
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Yield the folder of a module of custom methods, with a name that no other test uses."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_methods.py").write_text(MODULE)
    (tmp_path / "own_broken.py").write_text("1 / 0\n")
    yield tmp_path
    sys.modules.pop("own_methods", None)


def test_custom_method_learns(own):
    experiment = class_experiment()
    half = train_tasks(parse_method("own_methods:Slower").learner(learner_config(experiment)), experiment, 2)
    whole = train_tasks(
        parse_method(" own_methods:Slower(factor=1)").learner(learner_config(experiment, rate=0.05)), experiment, 2
    )
    for replica in range(len(SEEDS)):
        np.testing.assert_allclose(parameter_vector(half, replica), parameter_vector(whole, replica), rtol=1e-10)


def test_custom_policy_is_a_policy_method(own):
    for text in ("own_methods:Mine", "own_methods:Mine:0.5,attention:0.5"):
        assert isinstance(parse_method(text), PolicyMethod)


def test_builtin_method_by_its_module():
    assert parse_method("neuronet.continual.methods.penalties.ewc:EWC(strength=3)") == EWC(3)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("own_methods:Missing", "module own_methods has no Missing"),
        ("own_methods:Thing", "subclass of Method or of Policy"),
        ("own_methods:number", "subclass of Method or of Policy"),
        ("own_methods:SlowerLearner", "subclass of Method or of Policy"),
        ("own_methods:Plain", "dataclass"),
        ("own_methods:Unfinished", "own_methods:Unfinished"),
        ("own_methods:UnknownRange", "strength"),
        ("own_methods:Slower(speed=2)", "speed"),
        ("own_methods:Slower(factor=1", "own_methods:Slower"),
        ("own_methods:Slower:0.5,attention:0.5", "own_methods:Slower"),
        ("own_absent:Slower", "own_absent"),
        ("own_broken:Slower", "ZeroDivisionError"),
    ],
)
def test_invalid_custom_method_is_refused(own, text, match):
    with pytest.raises(NeuroNetError, match=match):
        parse_method(text)


def test_command_tunes_custom_methods_from_the_working_directory(own, monkeypatch, capsys):
    monkeypatch.chdir(own)
    options = "digits --seeds 1 --iterations 2 --hidden 4 --tune --trials 2 --tuning-seeds 1 --json --out here"
    policies = "own_methods:Slower,own_methods:Slower(factor=0.3),own_methods:Mine,gpm"
    monkeypatch.setattr(sys, "argv", ["neuronet", "continual", "permuted(tasks=2)", "--policies", policies, *options.split()])
    assert command_line() == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {row["policy"] for row in summary["policies"]} == {*policies.split(","), "backprop"}
    with (own / "here" / "tuning.csv").open() as file:
        lines = list(csv.DictReader(file))
    chosen = {name: [line["settings"] for line in lines if line["policy"] == name] for name in policies.split(",")[:2]}
    assert all("factor" in settings for settings in chosen["own_methods:Slower"])
    assert set(chosen["own_methods:Slower(factor=0.3)"]) == {"{}"}  # a given value is not tuned
