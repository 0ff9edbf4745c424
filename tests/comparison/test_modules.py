"""Comparisons over a torch module: the same training as a plain loop of torch, for each policy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import neuronet as package
from neuronet import compare
from neuronet.comparison.modules import fresh_module
from neuronet.core.errors import ConfigurationError, StudyMismatchError
from neuronet.environments import Table, Xor

OPTIONS = {"seeds": 2, "epochs": 2, "optimizer": "sgd", "learning_rate": 0.1, "lr_schedule": "constant", "dtype": "float64"}


def network():
    return nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))


def cnn():
    return nn.Sequential(nn.Conv2d(1, 3, 3, stride=2), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(27, 10))


def test_curves_equal_a_loop_of_torch():
    result = compare("xor", ["greedy"], module=network(), seed=5, **OPTIONS)
    train, test = Xor().train.scaled(), Xor().test.scaled()
    inputs, targets = torch.tensor(train.inputs, dtype=torch.float64), torch.tensor(train.targets)
    for policy, seed in (("backprop", 5), ("greedy", 6)):
        module = fresh_module(network(), seed).double()
        module = module if policy == "backprop" else package.convert(module, policy, seed=seed, learning_rate=0.1)
        optimizer = torch.optim.SGD(module.parameters(), 0.1)
        rows = result.curves[(result.curves["policy"] == policy) & (result.curves["seed"] == seed)]
        batches = package.core.Batches(len(inputs), result.config.batch_size, (seed,))
        for epoch, row in enumerate(rows.itertuples()):
            for indices in torch.tensor(np.ravel(batches.order(epoch))).split(result.config.batch_size):
                optimizer.zero_grad()
                functional.cross_entropy(module(inputs[indices]), targets[indices]).backward()
                optimizer.step()
            with torch.no_grad():
                outputs = module(torch.tensor(test.inputs, dtype=torch.float64))
            expected = functional.cross_entropy(outputs, torch.tensor(test.targets)).item()
            np.testing.assert_allclose(row.test_loss, expected, rtol=1e-10)


def test_attention_equals_backpropagation_in_a_cnn(tmp_path):
    result = compare("digits", ["attention"], module=cnn(), **{**OPTIONS, "epochs": 1}, out=tmp_path)
    assert result.table["difference"].tolist()[1] == 0
    again = compare("digits", ["attention"], module=cnn(), **{**OPTIONS, "epochs": 1}, out=tmp_path)
    assert again.curves.equals(result.curves)
    wider = nn.Sequential(nn.Conv2d(1, 3, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(27, 10))
    with pytest.raises(StudyMismatchError, match="with another module"):
        compare("digits", ["attention"], module=wider, **{**OPTIONS, "epochs": 1}, out=tmp_path)


def test_learning_rates_are_tuned_on_validation_samples():
    result = compare("xor", ["sign-symmetric"], module=network, tune=True, seeds=2, epochs=1)
    assert set(result.tuning["seed"]) == {2, 3, 4}
    assert result.table["learning_rate"].notna().all() and not result.table["mean"].isna().any()


def test_all_are_the_policies_that_layers_can_follow():
    said = []
    result = compare("xor", module=network, **{**OPTIONS, "seeds": 1, "epochs": 1}, log=said.append)
    names = set(result.table["policy"])
    assert {"backprop", "attention", "direct-feedback"} <= names
    assert "hebbian" not in names
    assert any(line.startswith("hebbian is left out: ") for line in said)


def test_seeds_give_other_weights_and_are_repeatable():
    first, second, third = (fresh_module(network(), seed)[0].weight for seed in (1, 2, 1))
    assert torch.equal(first, third) and not torch.equal(first, second)
    assert torch.equal(fresh_module(network, 1)[0].weight, first)
    before = torch.get_rng_state()
    fresh_module(network, 3)
    assert torch.equal(torch.get_rng_state(), before)


class OwnParameter(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale, self.layer = nn.Parameter(torch.ones(2)), nn.Linear(2, 2)

    def forward(self, inputs):
        return self.layer(inputs * self.scale)


def test_function_makes_modules_that_cannot_be_initialised_again():
    with pytest.raises(ConfigurationError, match="layer '' of the module cannot be initialised again"):
        compare("xor", ["greedy"], module=OwnParameter(), **OPTIONS)
    assert len(compare("xor", ["greedy"], module=OwnParameter, **{**OPTIONS, "epochs": 1}).table) == 2


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        ({"hidden": [4]}, "hidden is an option of NeuroNet's networks"),
        ({"module": nn.Linear(2, 3)}, r"must return \(B, 2\) for inputs \(B, 2\), got \(B, 3\)"),
        ({"module": nn.Linear(3, 2)}, r"the module failed on inputs \(B, 2\): "),
        ({"module": nn.ReLU()}, "nothing to convert"),
        ({"module": 7}, "torch.nn.Module or a function that returns one, got 7"),
        ({"module": lambda: 7}, "torch.nn.Module or a function that returns one, got 7"),
        ({"policies": ["hebbian"]}, "cannot be converted"),
    ],
    ids=["hidden", "outputs", "inputs", "no-weights", "number", "function-of-a-number", "policy"],
)
def test_what_does_not_fit_is_refused(options, fragment):
    given = {"module": nn.Linear(2, 2), "policies": ["attention"], **OPTIONS, **options}
    with pytest.raises(ConfigurationError, match=fragment):
        compare("xor", given.pop("policies"), **given)


def test_values_are_targets_too():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(40, 3))
    result = compare(Table(inputs, inputs.sum(axis=1)), ["attention"], module=nn.Linear(3, 1), **OPTIONS)
    assert result.measure == "loss"
    assert result.table["mean"].between(0, 10).all()


@pytest.mark.slow
def test_processes_give_the_same_curves():
    options = {**OPTIONS, "epochs": 1}
    alone, shared = (compare("xor", ["attention", "greedy"], jobs=jobs, hidden=[4], **options) for jobs in (1, 2))
    np.testing.assert_allclose(alone.curves["test_loss"], shared.curves["test_loss"], rtol=1e-12)
    assert alone.curves["policy"].tolist() == shared.curves["policy"].tolist()
