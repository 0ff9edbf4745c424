"""Methods of plug-ins with other arguments than the contract's are refused in one sentence, before anything is played."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from torch import nn

import neuronet
from neuronet.conversion import convert
from neuronet.core import PolicyError
from neuronet.interventions import Intervention, apply_intervention
from neuronet.testing import check_policy


@dataclass(frozen=True)
class NoMemory(neuronet.Policy):
    def feedback(self, obs):
        return obs.demand @ obs.attention


@dataclass(frozen=True)
class TooMuch(neuronet.LinearPolicy):
    def feedback_weights(self, obs, memory):
        return obs.attention

    def remember(self, change, obs, memory):
        return memory


@dataclass(frozen=True)
class Optional(neuronet.Policy):
    """More arguments than needed are allowed if they have defaults."""

    def feedback(self, obs, memory, strength=1.0):
        return strength * (obs.demand @ obs.attention)

    def demand(self, *arguments):
        return super().demand(*arguments)


@dataclass(frozen=True)
class Bare(neuronet.Channel):
    def transmit(self, messages):
        return messages


class Costs(neuronet.SquaredError):
    def loss(self, outputs, targets):
        return outputs


@dataclass(frozen=True)
class Nudge(Intervention):
    name = "nudge"

    def apply(self, setup):
        return setup


FEEDBACK = r"policy NoMemory: feedback must take \(self, obs, memory\), got \(self, obs\)"


@pytest.mark.parametrize("engine", ["agents", "tensors"])
@pytest.mark.parametrize("policy", [NoMemory(), neuronet.Noisy(NoMemory())])
def test_hook_with_other_arguments_is_refused(engine, policy):
    with pytest.raises(PolicyError, match=FEEDBACK):
        neuronet.train("xor", policy=policy, engine=engine, hidden=[3], epochs=1)


def test_every_hook_is_looked_at():
    expected = r"policy TooMuch: remember must take \(self, change, response, obs, memory\), got \(self, change, obs, memory\)"
    for use in (check_policy, lambda policy: neuronet.Setup(neuronet.build_network([2, 3, 2]), policy)):
        with pytest.raises(PolicyError, match=expected):
            use(TooMuch())


def test_conversion_refuses_it_too():
    with pytest.raises(PolicyError, match=FEEDBACK):
        convert(nn.Linear(3, 2), NoMemory())


def test_further_arguments_with_defaults_are_allowed():
    neuronet.train("xor", policy=Optional(), hidden=[3], epochs=1)


def test_channels_payoffs_and_interventions_are_looked_at():
    network = neuronet.build_network([2, 3, 2])
    with pytest.raises(PolicyError, match=r"channel Bare: transmit must take \(self, messages, context\), got"):
        neuronet.Setup(network, neuronet.Greedy(), channels=[neuronet.ChannelAt("activity", Bare())])
    with pytest.raises(PolicyError, match=r"payoff Costs: loss must take \(self, xp, outputs, targets\), got"):
        neuronet.Setup(network, neuronet.Greedy(), payoff=Costs())
    with pytest.raises(PolicyError, match=r"intervention Nudge: apply must take \(self, setup, state\), got"):
        apply_intervention(neuronet.NeuronModel(neuronet.Setup(network, neuronet.Greedy())), Nudge())
