"""Activation checkpointing repeats forward passes; rounds, random numbers and gradients are those of a run without it."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from neuronet import Noisy, convert
from neuronet.core.errors import ConfigurationError
from neuronet.policies import DirectFeedback, TremblingHand

POLICIES = [Noisy(sigma=0.5), TremblingHand(tremble=0.5)]


def made(policy, **options):
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 2))
    return convert(layers.double(), policy, **options), torch.randn(4, 5, dtype=torch.float64)


def through(net, inputs, again):
    return net(inputs) if again is None else checkpoint(net, inputs, use_reentrant=again)


@pytest.mark.parametrize("again", [True, False], ids=["reentrant", "non-reentrant"])
@pytest.mark.parametrize("policy", [*POLICIES, DirectFeedback()], ids=repr)
def test_checkpointed_rounds_are_those_of_the_usual_run(policy, again):
    ends = []
    for way in (None, again):
        net, inputs = made(policy, outputs=2)
        gradients = []
        for _ in range(3):
            asked = inputs.clone().requires_grad_()
            through(net, asked, way).pow(2).sum().backward()
            gradients.append(asked.grad)
        ends.append((gradients, {name: buffer.clone() for name, buffer in net.named_buffers()}))
    for usual, found in zip(ends[0][0], ends[1][0], strict=True):
        torch.testing.assert_close(found, usual, rtol=0, atol=0)
    assert ends[0][1].keys() == ends[1][1].keys()
    assert all(torch.equal(buffer, ends[1][1][name]) for name, buffer in ends[0][1].items())
    assert all(int(buffer) == 3 for name, buffer in ends[1][1].items() if name.endswith("round"))


@pytest.mark.parametrize("again", [True, False], ids=["reentrant", "non-reentrant"])
def test_layer_that_is_used_twice_has_two_rounds(again):
    ends = []
    for way in (None, again):
        net, inputs = made(Noisy(sigma=0.5))
        asked = inputs.clone().requires_grad_()
        for _ in range(2):
            through(lambda heard, shared=net[0]: shared(torch.tanh(shared(heard))), asked, way).pow(2).sum().backward()
        ends.append((asked.grad, int(net[0].neuronet_round)))
    assert ends[0][1] == ends[1][1] == 4
    assert torch.equal(ends[0][0], ends[1][0])


def test_accumulated_batches_have_rounds_of_their_own():
    ends = []
    for way in (None, False):
        net, inputs = made(Noisy(sigma=0.5))
        asked = [inputs.clone().requires_grad_(), 2 * inputs.clone().requires_grad_()]
        for heard in asked:
            heard.retain_grad()
        outputs = [through(net, heard, way) for heard in asked]
        for output in outputs:
            output.pow(2).sum().backward()
        ends.append(([heard.grad for heard in asked], int(net[0].neuronet_round)))
    assert ends[0][1] == ends[1][1] == 2
    assert all(torch.equal(one, other) for one, other in zip(ends[0][0], ends[1][0], strict=True))


def test_replicas_of_data_parallel_are_refused():
    net, inputs = made(Noisy(sigma=0.5))
    replica = net[0]._replicate_for_data_parallel()
    for name, parameter in net[0].named_parameters():
        setattr(replica, name, parameter)
    with pytest.raises(ConfigurationError, match="loses the rounds of layer '0': use DistributedDataParallel"):
        replica(inputs.requires_grad_())
