"""Whole networks through `convert`: the gradients are those of the policy, and nothing else changes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import neuronet
from neuronet import AttentionSeeking, Greedy
from tests.conversion import networks


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", networks.NETS)
def test_attention_seeking_is_backpropagation_to_the_bit(name, dtype):
    net, inputs, classes = networks.made(name, dtype)
    expected = networks.gradients(net, inputs, classes)
    found = networks.gradients(neuronet.convert(net, AttentionSeeking(p=2)), inputs, classes)
    assert found.keys() == expected.keys()
    for parameter, gradient in expected.items():
        assert torch.equal(found[parameter], gradient), parameter


@pytest.mark.parametrize("name", networks.NETS)
@pytest.mark.parametrize(
    ("policy", "weigh"),
    [
        (AttentionSeeking(p=1), torch.sign),
        (AttentionSeeking(p=3), lambda w: w.abs() * w),
        (AttentionSeeking(measure="saturating"), None),
    ],
    ids=["p=1", "p=3", "saturating"],
)
def test_gradients_use_the_feedback_weights(name, policy, weigh):
    if weigh is None:  # elementwise, as the two before; the measure itself has tests of its own
        weigh = lambda w: policy.worth.slope(torch, w)  # noqa: E731
    net, inputs, classes = networks.made(name)
    found = networks.gradients(neuronet.convert(net, policy), inputs, classes)
    ordinary = networks.gradients(net, inputs, classes)
    expected = networks.gradients(networks.with_backward_weights(net, weigh), inputs, classes)
    for parameter, gradient in expected.items():
        torch.testing.assert_close(found[parameter], gradient, rtol=1e-9, atol=1e-12)
    assert any(not torch.allclose(found[parameter], ordinary[parameter]) for parameter in ordinary)


@pytest.mark.parametrize("name", networks.NETS)
def test_the_forward_pass_is_the_ordinary_one(name):
    net, inputs, _ = networks.made(name)
    net.eval()
    converted = neuronet.convert(net, Greedy())
    assert torch.equal(converted(inputs), net(inputs))
    with torch.no_grad():
        assert torch.equal(converted(inputs), net(inputs))


@pytest.mark.parametrize("name", networks.NETS)
def test_with_a_frozen_trunk_the_inputs_are_paid_all_the_same(name):
    """The demands pass through layers whose own weights do not move."""
    net, inputs, classes = networks.made(name)
    converted = neuronet.convert(net, AttentionSeeking(p=1))
    expected = networks.gradients(converted, inputs, classes)
    first, *others = converted.parameters()
    for parameter in others:
        parameter.requires_grad_(False)
    converted.zero_grad(set_to_none=True)
    nn.functional.cross_entropy(converted(inputs), classes).backward()
    torch.testing.assert_close(first.grad, next(iter(expected.values())))
    assert all(parameter.grad is None for parameter in others)


def test_a_layer_used_twice_answers_each_time():
    net, inputs, classes = networks.made("mlp")
    shared = nn.Linear(8, 8).double()
    twice = nn.Sequential(net[0], nn.Tanh(), shared, nn.Tanh(), shared, nn.Tanh(), net[2], nn.ReLU(), net[4])
    found = networks.gradients(neuronet.convert(twice, AttentionSeeking(p=1)), inputs, classes)
    expected = networks.gradients(networks.with_backward_weights(twice, torch.sign), inputs, classes)
    for parameter, gradient in expected.items():
        torch.testing.assert_close(found[parameter], gradient)


def test_networks_learn():
    torch.manual_seed(0)
    inputs = torch.randn(96, 1, 12, 12)
    classes = (inputs[:, 0, :, :6].sum((1, 2)) > inputs[:, 0, :, 6:].sum((1, 2))).long()
    for policy in (AttentionSeeking(), AttentionSeeking(p=1), Greedy(top=3)):
        net = neuronet.convert(networks.made("lenet", torch.float32)[0], policy)
        optimizer = torch.optim.Adam(net.parameters(), 0.01)
        for _ in range(60):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(inputs), classes)
            loss.backward()
            optimizer.step()
        assert loss.item() < 0.2, policy
