"""Converted modules say where a policy of one's own is not finite, and how far gradients turn from torch's."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

import neuronet
from neuronet.conversion import gradient_angles
from neuronet.core import PolicyWarning


@dataclass(frozen=True)
class Rooted(neuronet.LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.xp.sqrt(obs.attention)


@dataclass(frozen=True)
class Logged(neuronet.Policy):
    def feedback(self, obs, memory):
        return obs.xp.log(0 * (obs.demand @ obs.attention))


@dataclass(frozen=True)
class Plain(neuronet.LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.attention


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)).double()


INPUTS, LABELS = torch.randn(20, 4, generator=torch.Generator().manual_seed(1)).double(), torch.arange(20) % 3


def loss(module):
    return nn.functional.cross_entropy(module(INPUTS), LABELS)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Rooted(), "policy Rooted gave nan feedback_weights at layer '4', although everything that it saw was finite"),
        (Logged(), "policy Logged gave infinite feedback at layer '4', although"),
    ],
)
def test_feedback_that_is_not_finite_names_policy_and_layer(policy, words):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PolicyWarning)
        loss(neuronet.convert(network(), {"4": policy})).backward()
    assert str(caught[0].message).startswith(words)


def test_infinite_demands_are_not_the_policy():
    converted = neuronet.convert(network(), Plain())
    (loss(converted) * torch.inf).backward()  # a warning would be an error


def test_angles_are_those_of_gradients_written_out():
    converted = neuronet.convert(network(), neuronet.AttentionSeeking(p=1))
    before = [parameter.clone() for parameter in converted.parameters()]
    angles = gradient_angles(converted, loss)
    vectors = []
    for module in (converted, network()):
        loss(module).backward()
        vectors.append([module[number].weight.grad.numpy().ravel() for number in (0, 2, 4)])
    for angle, mine, usual in zip(angles.values(), *vectors, strict=True):
        expected = np.degrees(np.arccos(mine @ usual / np.sqrt((mine @ mine) * (usual @ usual))))
        assert angle == pytest.approx(expected, abs=1e-4)
    assert list(angles) == ["0", "2", "4"]
    assert angles["0"] > 5
    assert angles["4"] == pytest.approx(0, abs=1e-4)
    assert all(torch.equal(one, other) for one, other in zip(before, converted.parameters(), strict=True))


def test_attention_seeking_neurons_have_an_angle_of_zero():
    angles = gradient_angles(neuronet.convert(network(), neuronet.AttentionSeeking(p=2)), loss)
    assert all(angle == pytest.approx(0, abs=1e-4) for angle in angles.values())
