"""Converted modules at torch's other borders: frozen and empty layers, names, computed weights, graphs of a module."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.nn.utils import prune, spectral_norm, weight_norm

import neuronet
from neuronet import AttentionSeeking, Greedy, LinearPolicy, Noisy, convert, revert
from neuronet.core.errors import ConfigurationError
from neuronet.policies import Budgeted, RandomFeedback

SIGN = AttentionSeeking(p=1)


@dataclass(frozen=True)
class Late(LinearPolicy):
    """Attention-seeking that is known only in the backward pass."""

    def feedback_weights(self, obs, memory):
        return obs.attention + 0 * obs.xp.sum(obs.demand)


@dataclass(frozen=True)
class Sighted(LinearPolicy):
    """Attention-seeking that reads the activity and the response."""

    needs = frozenset({"response"})

    def feedback_weights(self, obs, memory):
        return obs.attention + obs.response + 0 * obs.xp.sum(obs.activity)


def plain():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 2)).double()


def inputs():
    return torch.randn(4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def gradients(net):
    net.zero_grad()
    asked = inputs().requires_grad_()
    net(asked).pow(2).sum().backward()
    return [asked.grad, *(parameter.grad.clone() for parameter in net.parameters())]


def close(found, expected):
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def residual(layer, asked):
    heard = asked * 1
    output = layer(heard)
    heard += output.mean()
    return heard.sum() + output.pow(2).sum()


@pytest.mark.parametrize("make", [lambda: nn.Linear(4, 3), lambda: nn.Conv1d(4, 3, 2)], ids=["linear", "conv"])
@pytest.mark.parametrize("policy", [Late(), SIGN, Greedy(top=1), Noisy(sigma=0.0)], ids=repr)
def test_frozen_layer_lets_its_input_change_in_place(policy, make):
    torch.manual_seed(0)
    layer = nn.Sequential(make()).requires_grad_(False).double()
    shape = (5, 4) if isinstance(layer[0], nn.Linear) else (5, 4, 6)
    asked = torch.randn(shape, dtype=torch.float64)
    found, expected = asked.clone().requires_grad_(), asked.clone().requires_grad_()
    residual(convert(layer, policy), found).backward()
    trainable = convert(layer, policy).requires_grad_(True)  # the same without the change in place
    output = trainable(expected)
    ((expected + output.mean()).sum() + output.pow(2).sum()).backward()
    torch.testing.assert_close(found.grad, expected.grad, rtol=0, atol=1e-15)


@pytest.mark.parametrize(("policy", "kept"), [(SIGN, 1), (Greedy(top=1), 1), (Sighted(), 4 * 5)], ids=repr)
def test_frozen_layer_keeps_only_the_input_that_is_read(policy, kept):
    net = convert(nn.Sequential(nn.Linear(5, 6)).double(), policy).requires_grad_(False)
    heard, sizes = inputs().requires_grad_(), []

    def pack(tensor):
        if tensor.shape == heard.shape:
            sizes.append(tensor.untyped_storage().nbytes() // tensor.element_size())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = net(heard)
    assert sizes == [kept]
    output.sum().backward()
    assert heard.grad.shape == (4, 5)


def test_frozen_layer_gives_the_feedback_of_one_that_learns():
    net = convert(plain(), Sighted())
    expected = gradients(net)[0]
    net.requires_grad_(False)
    asked = inputs().requires_grad_()
    net(asked).pow(2).sum().backward()
    assert torch.equal(asked.grad, expected)


@pytest.mark.parametrize("policy", [SIGN, Greedy(top=1), Late(), Budgeted(), Noisy(sigma=0.5), RandomFeedback()], ids=repr)
@pytest.mark.parametrize("sizes", [(5, 0), (0, 5)], ids=["no outputs", "no inputs"])
@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors is a no-op")
def test_layer_without_outputs_or_inputs_has_the_usual_gradients(policy, sizes):
    layer = nn.Sequential(nn.Linear(*sizes))
    converted = convert(layer, policy)
    for shape in ((3, sizes[0]), (2, 3, sizes[0]), (sizes[0],)):
        found, expected = torch.zeros(shape, requires_grad=True), torch.zeros(shape, requires_grad=True)
        for net, asked in ((converted, found), (layer, expected)):
            net.zero_grad()
            net(asked).sum().backward()
        assert torch.equal(found.grad, expected.grad)
        close([parameter.grad for parameter in converted.parameters()], [parameter.grad for parameter in layer.parameters()])


@pytest.mark.parametrize("policy", [SIGN, Greedy(top=1), Late(), Budgeted()], ids=repr)
def test_batch_without_samples_has_gradients_of_zero(policy):
    net = convert(plain(), policy)
    asked = torch.zeros(0, 5, dtype=torch.float64, requires_grad=True)
    net(asked).sum().backward()
    assert asked.grad.shape == (0, 5)
    assert all(parameter.grad.abs().max() == 0 for parameter in net.parameters())


def test_layer_is_found_by_its_full_name_whatever_signs_are_in_it():
    names = ["a[0]", "a0", "b*", "bc", "x?"]
    net = convert(nn.ModuleDict({name: nn.Linear(3, 4) for name in names}), {"a[0]": SIGN, "b*": SIGN})
    assert [name for name in names if hasattr(net[name], "layer_policy")] == ["a[0]", "b*"]
    net = convert(nn.ModuleDict({name: nn.Linear(3, 4) for name in names}), {"[ab]?": SIGN})
    assert [name for name in names if hasattr(net[name], "layer_policy")] == ["a0", "b*", "bc"]
    with pytest.raises(ConfigurationError, match=r"no layer matches 'a\[1\]'"):
        convert(nn.ModuleDict({"a[0]": nn.Linear(3, 4)}), {"a[1]": SIGN})


NORMS = {
    "weight_norm": weight_norm,
    "spectral_norm": spectral_norm,
    "prune": lambda layer: prune.l1_unstructured(layer, "weight", 0.4),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated")
@pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS)
def test_computed_weights_are_heard_as_they_are(norm):
    nets = [plain(), convert(plain(), Late())]
    for net in nets:
        torch.manual_seed(5)
        norm(net[2])
    usual, after = nets
    for _ in range(2):
        close(gradients(after), gradients(usual))
    before = plain()
    torch.manual_seed(5)
    norm(before[2])
    convert(before, Late(), inplace=True)
    torch.manual_seed(5)
    fresh = plain()
    torch.manual_seed(5)
    norm(fresh[2])
    for _ in range(2):
        close(gradients(before), gradients(fresh))
    with pytest.raises(ConfigurationError, match=r"torch cannot copy layer '2', whose weight is computed .*: use inplace=True"):
        convert(fresh, Late())
    with pytest.raises(ConfigurationError, match="torch cannot copy layer '2'"):
        revert(before)
    close(gradients(revert(before, inplace=True)), gradients(fresh))


CAPTURES = {
    "jit.script": torch.jit.script,
    "jit.trace": lambda net: torch.jit.trace(net, inputs(), check_trace=False),
    "export": lambda net: torch.export.export(net, (inputs(),), strict=False),
    "fx": torch.fx.symbolic_trace,
    "make_fx": lambda net: torch.fx.experimental.proxy_tensor.make_fx(net)(inputs()),
    "func.grad": lambda net: torch.func.grad(lambda heard: net(heard).sum())(inputs()),
    "nested": lambda net: net(torch.nested.nested_tensor([inputs(), inputs()], layout=torch.jagged, requires_grad=True)),
}


@pytest.mark.filterwarnings("ignore:.*torch.jit")
@pytest.mark.parametrize("policy", [SIGN, Greedy(top=1)], ids=repr)
@pytest.mark.parametrize("capture", CAPTURES.values(), ids=CAPTURES)
def test_graphs_that_would_lose_the_feedback_are_refused(capture, policy):
    with pytest.raises(ConfigurationError, match=r"layer '[02]' (cannot be scripted|would be captured|takes a|cannot be transf)"):
        capture(convert(plain(), policy))


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_modules_are_captured_for_inference():
    net = convert(plain(), Greedy(top=1))
    with torch.no_grad():
        expected = net(inputs())
        for captured in (torch.jit.trace(net, inputs()), torch.export.export(net, (inputs(),), strict=False).module()):
            torch.testing.assert_close(captured(inputs()), expected)
    assert torch.equal(torch.jit.script(neuronet.revert(net))(inputs()), net(inputs()))


def test_memory_and_rounds_need_a_device_with_values():
    with torch.device("meta"):
        net = plain()
    for policy in (RandomFeedback(), Noisy(sigma=0.5)):
        with pytest.raises(ConfigurationError, match="layer '0' is on the meta device, where memory has no values"):
            convert(net, policy)
        assert not any(hasattr(layer, "layer_policy") for layer in net)
    converted = convert(net, SIGN).to_empty(device="cpu")
    converted.load_state_dict(plain().state_dict())
    close(gradients(converted), gradients(convert(plain(), SIGN)))
