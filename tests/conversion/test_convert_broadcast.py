"""Direct feedback in torch modules: the outputs' error through fixed random weights, by torch's own functions."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.nn import functional

import neuronet
from neuronet import AttentionSeeking, Group, NeuroNetError
from neuronet.policies import DirectFeedback
from tests.conversion import networks

DIRECT = DirectFeedback(scale=0.7)


def direct_kernel(layer):
    """Return the fixed weights of a convolution as a kernel from the outputs to its input, (O, J, *kernel)."""
    weights, scale = layer.neuronet_memory_direct, layer.weight[0, 0].numel()
    return weights.T.reshape(-1, scale, len(weights)).transpose(1, 2).reshape(-1, len(weights), *layer.kernel_size)


def lenet_gradients(net, images, classes):
    """Return the gradients of all parameters of networks.lenet, where each layer's input gets the outputs' error directly."""
    conv1, conv2, fc1, fc2 = (layer for layer in net if isinstance(layer, (nn.Conv2d, nn.Linear)))
    first = functional.conv2d(images, conv1.weight, conv1.bias, padding=2)
    pooled = functional.max_pool2d(first.relu(), 2)
    heard = pooled.detach().requires_grad_()
    second = functional.conv2d(heard, conv2.weight, conv2.bias)
    flat = functional.avg_pool2d(second.relu(), 2).flatten(1)
    read = flat.detach().requires_grad_()
    third = functional.linear(read, fc1.weight, fc1.bias).relu()
    said = third.detach().requires_grad_()
    outputs = functional.linear(said, fc2.weight, fc2.bias)
    error = torch.autograd.grad(functional.cross_entropy(outputs, classes), outputs, retain_graph=True)[0]
    everywhere = error[:, :, None, None].expand(-1, -1, *second.shape[2:])
    to_pooled = torch.nn.grad.conv2d_input(heard.shape, direct_kernel(conv2), everywhere)
    to_flat, to_third = (error @ layer.neuronet_memory_direct.T for layer in (fc1, fc2))
    gradients = {}
    below = {"0": (pooled, to_pooled), "3": (flat, to_flat), "7": (third, to_third), "9": (outputs, error)}
    for name, (value, gradient) in below.items():
        layer = net.get_submodule(name)
        found = torch.autograd.grad(value, (layer.weight, layer.bias), gradient)
        gradients |= dict(zip((f"{name}.weight", f"{name}.bias"), found, strict=True))
    return gradients


def test_every_layer_hears_the_outputs_error():
    net, images, classes = networks.made("lenet")
    net = neuronet.convert(net.double(), DIRECT, seed=3, outputs=3)
    assert {name: tuple(array.shape) for name, array in net.named_buffers()} == {
        "0.neuronet_memory_direct": (1, 75),
        "3.neuronet_memory_direct": (4, 27),
        "7.neuronet_memory_direct": (24, 3),
        "9.neuronet_memory_direct": (10, 3),
    }
    expected = lenet_gradients(net, images.double(), classes)
    found = networks.gradients(net, images.double(), classes)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-10, atol=1e-14)


def test_grouped_strided_convolution_with_padding():
    torch.manual_seed(1)
    settings = {"stride": 2, "padding": 1, "groups": 2}
    conv = nn.Conv2d(4, 6, 3, **settings).double()
    net = neuronet.convert(nn.Sequential(conv, nn.Flatten(), nn.Linear(6 * 4 * 4, 5).double()), {"0": DIRECT}, outputs=5)
    images = torch.randn(7, 4, 8, 8, dtype=torch.float64, requires_grad=True)
    outputs = net(images)
    error = torch.randn_like(outputs)
    outputs.backward(error)
    everywhere = error[:, :, None, None].expand(-1, -1, 4, 4)
    for group, channels in enumerate((slice(0, 2), slice(2, 4))):
        weights = net[0].neuronet_memory_direct[group]  # (J, O positions)
        kernel = weights.T.reshape(5, 9, 2).transpose(1, 2).reshape(5, 2, 3, 3)
        expected = torch.nn.grad.conv2d_input((7, 2, 8, 8), kernel, everywhere, stride=2, padding=1)
        torch.testing.assert_close(images.grad[:, channels], expected, rtol=1e-10, atol=1e-14)


def test_tokens_hear_the_outputs_of_their_sample():
    torch.manual_seed(1)
    read = nn.Linear(6, 4).double()
    net = neuronet.convert(nn.Sequential(read, nn.Flatten(), nn.Linear(3 * 4, 5).double()), {"0": DIRECT}, outputs=5)
    tokens = torch.randn(7, 3, 6, dtype=torch.float64, requires_grad=True)
    outputs = net(tokens)
    error = torch.randn_like(outputs)
    outputs.backward(error)
    expected = error @ net[0].neuronet_memory_direct.T
    for token in range(3):
        torch.testing.assert_close(tokens.grad[:, token], expected, rtol=1e-10, atol=1e-14)


def test_groups_of_neurons_share_out_the_broadcast():
    net, inputs, classes = networks.made("mlp")
    mixed = [Group(DIRECT, (0, 2, 3, 4, 5, 6)), Group(AttentionSeeking(), (1, 7))]
    converted = neuronet.convert(net, {"2": mixed}, outputs=3)
    assert converted[2].neuronet_memory0_direct.shape == (6, 3)
    before, after = networks.gradients(net, inputs, classes), networks.gradients(converted, inputs, classes)
    same = torch.isclose(before["0.weight"], after["0.weight"]).all(1)
    assert same.nonzero().flatten().tolist() == [1, 7]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))], ids=["deepcopy", "pickle"])
def test_copies_hear_their_own_outputs(duplicate):
    net, images, classes = networks.made("lenet")
    net = neuronet.convert(net, DIRECT, outputs=3)
    expected = networks.gradients(net, images, classes)
    twin = duplicate(net)
    networks.gradients(net, images, (classes + 1) % 3)  # another error
    found = networks.gradients(twin, images, classes)
    for name, gradient in expected.items():
        assert torch.equal(found[name], gradient), name


def test_two_passes_before_one_backward_pass_hear_their_own_errors():
    net, images, classes = networks.made("lenet")
    net = neuronet.convert(net, DIRECT, outputs=3)
    parts = [(images[:2], classes[:2]), (images[2:], classes[2:])]
    expected = [networks.gradients(net, *part) for part in parts]
    net.zero_grad()
    sum(functional.cross_entropy(net(some), theirs) for some, theirs in parts).backward()
    for name, parameter in net.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[0][name] + expected[1][name])


def test_reverted_module_is_the_usual_one():
    net, images, classes = networks.made("lenet")
    converted = neuronet.convert(net, DIRECT, outputs=3)
    assert len(converted._forward_hooks) == 1
    reverted = neuronet.revert(converted)
    assert not reverted._forward_hooks
    assert len(converted._forward_hooks) == 1
    expected, found = networks.gradients(net, images, classes), networks.gradients(reverted, images, classes)
    assert all(torch.equal(found[name], gradient) for name, gradient in expected.items())


def test_other_policies_add_no_hook():
    assert not neuronet.convert(nn.Linear(3, 2), AttentionSeeking(p=1), outputs=2)._forward_hooks


def test_evaluation_needs_no_outputs():
    net, images, _ = networks.made("lenet")
    converted = neuronet.convert(net, DIRECT, outputs=3)
    with torch.no_grad():
        assert torch.equal(converted(images), net(images))


def test_missing_outputs_are_refused():
    with pytest.raises(NeuroNetError, match="give convert outputs"):
        neuronet.convert(nn.Linear(3, 2), DIRECT)


@pytest.mark.parametrize("outputs", [0, -1, 2.5, "3"])
def test_bad_numbers_of_outputs_are_refused(outputs):
    with pytest.raises(NeuroNetError, match="outputs"):
        neuronet.convert(nn.Linear(3, 2), DIRECT, outputs=outputs)


def test_wrong_number_of_outputs_is_refused():
    net, images, _ = networks.made("lenet")
    with pytest.raises(NeuroNetError, match=r"\(\.\.\., 4\), as outputs says, got \(5, 3\)"):
        neuronet.convert(net, DIRECT, outputs=4)(images)


def test_loss_of_something_else_than_the_outputs_is_refused():
    net, images, _ = networks.made("lenet")
    converted = neuronet.convert(net, DIRECT, outputs=3)
    with pytest.raises(NeuroNetError, match="'3' hears no outputs"):
        converted[:4](images).sum().backward()


def test_outputs_that_do_not_fit_a_layer_are_refused():
    net = neuronet.convert(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 5, 3)), DIRECT, outputs=8)
    with pytest.raises(NeuroNetError, match=r"\(4, 5, 8, 8\).*\(4, 2, 10, 10\)"):
        net(torch.randn(4, 1, 12, 12)).sum().backward()


def test_direct_feedback_by_name_hears_the_outputs_in_every_layer():
    """As the object does: the output demand is broadcast there, too."""
    torch.manual_seed(0)
    net, inputs = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)), torch.randn(7, 4)
    gradients = []
    for policy in ("direct-feedback", {"*": "direct-feedback"}, DirectFeedback()):
        module = neuronet.convert(net, policy, outputs=3)
        nn.functional.cross_entropy(module(inputs), torch.arange(7) % 3).backward()
        gradients.append(module[0].weight.grad)
    torch.testing.assert_close(gradients[0], gradients[2])
    torch.testing.assert_close(gradients[1], gradients[2])
