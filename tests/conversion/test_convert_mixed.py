"""Who follows which policy: by names of layers, and in groups within a layer."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import neuronet
from neuronet import AttentionSeeking, Greedy, NeuroNetError, Noisy
from neuronet.core.structure.population import Group
from tests.conversion import networks

SIGN, CUBE = AttentionSeeking(p=1), AttentionSeeking(p=4)


def policies(module):
    return {
        name: [each.policy for each in layer.layer_policy.policy_groups]
        for name, layer in module.named_modules()
        if hasattr(layer, "layer_policy")
    }


def test_patterns_choose_layers_and_the_first_decides():
    net = networks.made("resnet")[0]
    converted = neuronet.convert(net, {"2.conv?": SIGN, "*.conv1": CUBE, "6": Greedy()})
    assert policies(converted) == {"2.conv1": [SIGN], "2.conv2": [SIGN], "3.conv1": [CUBE], "6": [Greedy()]}
    assert type(converted[0]) is nn.Conv2d
    assert type(converted[3].shortcut) is nn.Conv2d


def test_a_pattern_may_name_a_shared_layer_by_any_of_its_names():
    shared = nn.Linear(3, 3)
    net = nn.Sequential(shared, nn.ReLU(), shared)
    assert policies(neuronet.convert(net, {"2": SIGN})) == {"0": [SIGN]}


def test_each_channel_by_its_own_policy():
    torch.manual_seed(0)
    layer = nn.Conv2d(4, 3, 3)
    groups = [Group(AttentionSeeking(), (0, 2)), Group(SIGN, (1,)), Group(CUBE, (3,))]
    inputs = torch.randn(2, 4, 6, 6, requires_grad=True)
    found, sign, cube, plain = (
        torch.autograd.grad(neuronet.convert(layer, policy)(inputs).square().sum(), inputs)[0]
        for policy in (groups, SIGN, CUBE, AttentionSeeking())
    )
    for channel, expected in enumerate((plain, sign, plain, cube)):
        torch.testing.assert_close(found[:, channel], expected[:, channel])


def test_linear_and_other_policies_in_one_layer():
    torch.manual_seed(0)
    layer = nn.Conv2d(4, 3, 3)
    inputs = torch.randn(2, 4, 6, 6, requires_grad=True)
    groups = [Group(Noisy(SIGN, sigma=0), (1, 3)), Group(CUBE, (0, 2))]
    found, sign, cube = (
        torch.autograd.grad(neuronet.convert(layer, policy)(inputs).square().sum(), inputs)[0] for policy in (groups, SIGN, CUBE)
    )
    torch.testing.assert_close(found[:, 1::2], sign[:, 1::2])
    torch.testing.assert_close(found[:, ::2], cube[:, ::2])


def test_all_attention_seeking_is_the_ordinary_layer_also_in_groups():
    groups = [Group(AttentionSeeking(), (0, 2)), Group(AttentionSeeking(p=2), (1,))]
    assert neuronet.convert(nn.Linear(3, 2), groups).layer_policy.uses_attention
    assert not neuronet.convert(nn.Linear(3, 2), [groups[0], Group(SIGN, (1,))]).layer_policy.uses_attention


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"conv1": SIGN}, "no layer matches 'conv1': layers that can be converted are 0, 3, 7, 9"),
        ({"1": SIGN}, "no layer matches '1'"),
        ({"7": [Group(SIGN, (0, 1))]}, "the groups of layer '7' must share out its 24 neurons"),
        ({"7": ["attention"]}, "layer '7' must have a policy, or groups that share it out"),
        (AttentionSeeking, "got the class AttentionSeeking: write"),
    ],
)
def test_pattern_without_match_raises(policy, message):
    with pytest.raises(NeuroNetError, match=message):
        neuronet.convert(networks.made("lenet")[0], policy)


def test_a_convolution_in_groups_has_one_policy():
    groups = [Group(SIGN, (0, 1)), Group(CUBE, (2, 3))]
    with pytest.raises(NeuroNetError, match="grouped convolution: all its input channels must follow one policy"):
        neuronet.convert(nn.Conv2d(4, 4, 3, groups=2), groups)
