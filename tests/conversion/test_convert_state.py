"""What a converted module is: its parameters, its buffers, its copies; what is refused; and the way back."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

import neuronet
from neuronet import AttentionSeeking, Greedy, LinearPolicy, NeuroNetError, Noisy, Wrapper
from neuronet.core.policy import Policy
from tests.conversion import networks

SIGN = AttentionSeeking(p=1)


@dataclass(frozen=True)
class Born(LinearPolicy):
    """Weighs demands by numbers that it was born with."""

    memory_axes = {"back": "JK", "mean": "J"}  # noqa: RUF012

    def initial_memory(self, birth):
        back = birth.draws.normal("back", "JK")
        return {"back": back, "mean": back.mean(-1) + birth.zeros("J")}

    def feedback_weights(self, obs, memory):
        return (memory["back"] - memory["mean"][..., None]).mT


@dataclass(frozen=True)
class Loud(Wrapper):
    """Twice as loud."""

    policy: Policy = Born()

    def feedback(self, obs, memory):
        return 2 * super().feedback(obs, memory)


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        assert torch.equal(found[name], gradient), name


@pytest.mark.parametrize("name", networks.NETS)
def test_checkpoints_fit_both_ways(name):
    """A policy that keeps nothing adds nothing."""
    net, inputs, _ = networks.made(name)
    net.eval()
    converted = neuronet.convert(net, SIGN)
    assert list(converted.state_dict()) == list(net.state_dict())
    for parameter in converted.parameters():
        nn.init.normal_(parameter)
    net.load_state_dict(converted.state_dict())
    assert torch.equal(net(inputs), converted(inputs))


def test_memory_is_stored_in_buffers(tmp_path):
    net, inputs, classes = networks.made("lenet")
    converted = neuronet.convert(net, {"3": Born(), "7": Loud(), "9": Noisy(Born())}, seed=1)
    added = {name: tuple(array.shape) for name, array in converted.state_dict().items() if name not in net.state_dict()}
    assert added == {
        "3.neuronet_memory_back": (4, 54),
        "3.neuronet_memory_mean": (4,),
        "7.neuronet_memory_policy__back": (24, 10),
        "7.neuronet_memory_policy__mean": (24,),
        "9.neuronet_memory_policy__back": (10, 3),
        "9.neuronet_memory_policy__mean": (10,),
        "9.neuronet_round": (),
    }
    networks.gradients(converted, inputs, classes)
    torch.save(converted.state_dict(), tmp_path / "state.pt")
    other = neuronet.convert(net, {"3": Born(), "7": Loud(), "9": Noisy(Born())}, seed=2)
    assert not torch.equal(other[3].neuronet_memory_back, converted[3].neuronet_memory_back)
    other.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    other[9].layer_policy = converted[9].layer_policy  # the seed is no part of the state
    same(networks.gradients(other, inputs, classes), networks.gradients(converted, inputs, classes))


def test_random_numbers_continue_from_a_state_dict():
    net, inputs, classes = networks.made("mlp")
    through = neuronet.convert(net, Noisy(), seed=3)
    rounds = [networks.gradients(through, inputs, classes) for _ in range(3)]
    assert not torch.equal(rounds[0]["0.weight"], rounds[1]["0.weight"])
    again, later = neuronet.convert(net, Noisy(), seed=3), neuronet.convert(net, Noisy(), seed=3)
    for expected in rounds[:2]:
        same(networks.gradients(again, inputs, classes), expected)
    later.load_state_dict(again.state_dict())
    same(networks.gradients(later, inputs, classes), rounds[2])
    assert not torch.equal(
        networks.gradients(neuronet.convert(net, Noisy(), seed=4), inputs, classes)["0.weight"], rounds[0]["0.weight"]
    )


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))], ids=["deepcopy", "pickle"])
@pytest.mark.parametrize("policy", [SIGN, Born(), Noisy(Born()), AttentionSeeking()], ids=repr)
def test_copies_play_on_by_themselves(policy, copied):
    net, inputs, classes = networks.made("lenet")
    converted = neuronet.convert(net, policy)
    twin = copied(converted)
    expected = networks.gradients(converted, inputs, classes)
    same(networks.gradients(twin, inputs, classes), expected)
    with torch.no_grad():
        for parameter in converted.parameters():
            parameter.zero_()
    fresh = neuronet.convert(net, policy)
    same(networks.gradients(copied(fresh), inputs, classes), expected)


@pytest.mark.parametrize("inplace", [True, False])
@pytest.mark.parametrize("policy", [SIGN, Noisy(Born()), AttentionSeeking()], ids=repr)
def test_there_and_back(policy, inplace):
    net, inputs, classes = networks.made("resnet")
    before = {name: (type(layer), dict(vars(layer))) for name, layer in net.named_modules()}
    expected = networks.gradients(copy.deepcopy(net), inputs, classes)
    converted = neuronet.convert(net, policy, inplace=inplace)
    assert (converted is net) == inplace
    assert all(isinstance(layer, before[name][0]) for name, layer in converted.named_modules())
    assert list(map(id, converted.parameters())) == list(map(id, net.parameters())) or not inplace
    plain = neuronet.revert(converted, inplace=inplace)
    assert (plain is net) == inplace
    for name, layer in plain.named_modules():
        assert type(layer) is before[name][0]
        assert vars(layer).keys() == before[name][1].keys()
        assert layer._buffers.keys() == before[name][1]["_buffers"].keys()
    same(networks.gradients(plain, inputs, classes), expected)
    if not inplace:
        assert all(hasattr(layer, "layer_policy") for layer in converted.modules() if isinstance(layer, nn.Conv2d))


def test_copy_does_not_change_the_original():
    net, *_ = networks.made("mlp")
    neuronet.convert(net, Born())
    assert type(net[0]) is nn.Linear
    assert list(net.state_dict()) == [f"{n}.{kind}" for n in (0, 2, 4) for kind in ("weight", "bias")]


def test_the_printed_module_tells_the_policies():
    assert "PolicyLinear(in_features=3, out_features=2, bias=True, policy=Greedy(top=1))" in repr(
        neuronet.convert(nn.Linear(3, 2), Greedy())
    )


def test_subclasses_and_raw_parameters_stay_ordinary():
    """Their forward pass is their own: the attention of torch, parametrized layers, transposed convolutions."""
    layers = (
        *(nn.MultiheadAttention(4, 2), nn.ConvTranspose2d(2, 2, 3), nn.Bilinear(2, 2, 2)),
        *(parametrizations.weight_norm(nn.Linear(2, 2)), nn.Linear(4, 4)),
    )
    converted = neuronet.convert(nn.ModuleList(layers), SIGN)
    assert [name for name, layer in converted.named_modules() if hasattr(layer, "layer_policy")] == ["4"]
    with pytest.raises(NeuroNetError, match=r"no layer matches '0.out_proj': layers that can be converted are 4"):
        neuronet.convert(nn.ModuleList(layers), {"0.out_proj": SIGN})


class Tries(LinearPolicy):
    """Answers what it is told to."""

    answer = staticmethod(lambda obs: obs.attention)

    def feedback_weights(self, obs, memory):
        return self.answer(obs)


def probing(answer):
    return type("Tries", (Tries,), {"answer": staticmethod(answer), "__repr__": lambda self: "Tries()"})()


@pytest.mark.parametrize(
    ("module", "policy", "message"),
    [
        (3, SIGN, r"convert takes a torch.nn.Module, got int"),
        (nn.ReLU(), SIGN, "nothing to convert"),
        (nn.Sequential(nn.LazyLinear(3)), SIGN, "lazy layer '0' has no shape yet"),
        (nn.Linear(2, 2, dtype=torch.complex64), SIGN, "layer '' has complex parameters"),
        (nn.Linear(2, 3), probing(lambda obs: obs.slope), r"Tries\(\) is not supported at layer '': a neuron cannot see 'slope'"),
        (nn.Linear(2, 3), probing(lambda obs: obs.response), "reads 'response' without declaring it"),
        (
            nn.Linear(2, 3),
            probing(lambda obs: obs.attention.mT),
            r"must give feedback_weights of shape \(K, J\) = \(3, 2\) at layer ''",
        ),
        (
            nn.Linear(2, 3),
            probing(lambda obs: 1.0),
            r"must give feedback_weights of shape \(K, J\) = \(3, 2\) at layer '', got float",
        ),
        (nn.Linear(2, 2), AttentionSeeking(foresight=1), "cannot see 'learning_rate': give convert a learning_rate"),
        (nn.Linear(2, 2), AttentionSeeking, "got the class AttentionSeeking: write"),
    ],
)
def test_unsupported_modules_raise(module, policy, message):
    with pytest.raises(NeuroNetError, match=message):
        neuronet.convert(module, policy)


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 1.5}, {"learning_rate": 0}, {"learning_rate": "1"}])
def test_bad_numbers_are_refused(wrong):
    with pytest.raises(NeuroNetError, match="must be a"):
        neuronet.convert(nn.Linear(2, 2), SIGN, **wrong)


def test_converting_twice_raises():
    converted = neuronet.convert(nn.Sequential(nn.Linear(2, 2)), SIGN)
    with pytest.raises(NeuroNetError, match="layer '0' is converted already"):
        neuronet.convert(converted, Greedy())
    assert type(neuronet.convert(neuronet.revert(converted), Greedy())[0].layer_policy.policy_groups[0].policy) is Greedy


def test_layers_parametrized_later_are_not_reverted():
    converted = neuronet.convert(nn.Sequential(nn.Linear(2, 2)), SIGN)
    parametrizations.orthogonal(converted[0])
    with pytest.raises(NeuroNetError, match="layer '0' was changed to ParametrizedPolicyLinear"):
        neuronet.revert(converted)
    inputs = torch.randn(3, 2, requires_grad=True)
    (found,) = torch.autograd.grad(converted(inputs).sum(), inputs)
    torch.testing.assert_close(found, torch.ones(3, 2) @ converted[0].weight.detach().sign())


def test_refused_layer_leaves_all_layers_unchanged():
    net, *_ = networks.made("mlp")
    with pytest.raises(NeuroNetError, match="learning_rate"):
        neuronet.convert(net, {"0": Born(), "4": AttentionSeeking(foresight=1)}, inplace=True)
    assert {type(layer) for layer in net} == {nn.Linear, nn.Tanh, nn.ReLU}
    assert not any(vars(layer).get("layer_policy") or layer._buffers for layer in net)


def test_precision_and_device_move_the_memory_too():
    converted = neuronet.convert(nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)), Noisy(Born()))
    assert {buffer.dtype for name, buffer in converted.named_buffers() if "back" in name} == {torch.float32}
    converted.double()
    assert {buffer.dtype for name, buffer in converted.named_buffers() if "back" in name} == {torch.float64}
    converted(torch.randn(2, 3, dtype=torch.float64)).sum().backward()
    assert converted[0].weight.grad.dtype == torch.float64
    assert converted[1].neuronet_round.dtype == torch.int64
    converted.to("meta")
    assert {buffer.device.type for buffer in converted.buffers()} == {"meta"}
    silent = neuronet.revert(converted)
    assert neuronet.convert(silent, SIGN)(torch.empty(5, 3, device="meta", dtype=torch.float64)).shape == (5, 2)
