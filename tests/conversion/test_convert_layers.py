"""Single layers of every geometry against autograd, and what the neurons at their input see."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import torch
from torch import nn

import neuronet
from neuronet import AttentionSeeking, Greedy, LinearPolicy, Policy
from neuronet.core import ConfigurationError
from neuronet.policies import RandomFeedback

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")  # torch's own layer does

LAYERS = {
    "linear": lambda: (nn.Linear(5, 4), (3, 5)),
    "no bias": lambda: (nn.Linear(5, 4, bias=False), (3, 5)),
    "linear on tokens": lambda: (nn.Linear(5, 4), (3, 2, 5)),
    "linear on one sample": lambda: (nn.Linear(5, 4), (5,)),
    "conv1d": lambda: (nn.Conv1d(4, 6, 3), (2, 4, 9)),
    "conv1d, circular": lambda: (nn.Conv1d(4, 6, 3, padding=2, padding_mode="circular"), (2, 4, 9)),
    "conv2d": lambda: (nn.Conv2d(4, 6, 3), (2, 4, 7, 8)),
    "stride": lambda: (nn.Conv2d(4, 6, 3, stride=(2, 3), padding=(1, 2)), (2, 4, 8, 9)),
    "stride that leaves an edge unheard": lambda: (nn.Conv2d(4, 6, 2, stride=3), (2, 4, 7, 7)),
    "dilation": lambda: (nn.Conv2d(4, 6, (3, 2), dilation=(2, 1)), (2, 4, 8, 7)),
    "groups": lambda: (nn.Conv2d(4, 6, 3, groups=2, stride=2), (2, 4, 7, 8)),
    "depthwise": lambda: (nn.Conv2d(4, 8, 3, groups=4, padding=1, bias=False), (2, 4, 5, 5)),
    "same": lambda: (nn.Conv2d(4, 6, (3, 4), padding="same"), (2, 4, 5, 6)),
    "valid": lambda: (nn.Conv2d(4, 6, 3, padding="valid"), (2, 4, 5, 6)),
    "reflect": lambda: (nn.Conv2d(4, 6, 3, padding=(1, 2), padding_mode="reflect"), (2, 4, 5, 6)),
    "one sample": lambda: (nn.Conv2d(4, 6, 3, padding=1), (4, 5, 6)),
    "conv3d": lambda: (nn.Conv3d(2, 4, (2, 3, 2), stride=(1, 2, 1), padding=1, groups=2), (2, 2, 4, 5, 4)),
}


@dataclass(frozen=True)
class IndirectFeedback(Policy):
    """Attention-seeking that hides that it is linear; tells what it sees."""

    told: list = field(default_factory=list)

    needs = frozenset({"response"})

    def feedback(self, obs, memory):
        self.told.append(obs)
        return obs.demand @ obs.attention


@dataclass(frozen=True)
class Late(LinearPolicy):
    """The sign of attention, that is known only in the backward pass."""

    def feedback_weights(self, obs, memory):
        return obs.xp.sign(obs.attention) + 0 * obs.xp.sum(obs.demand)


def layer(name):
    torch.manual_seed(3)
    made, shape = LAYERS[name]()
    return made.double(), torch.randn(shape, dtype=torch.float64, requires_grad=True)


def answers(module, inputs):
    """The output, and the gradients of input and parameters for the same random gradient of the output."""
    output = module(inputs)
    torch.manual_seed(4)
    gradient = torch.randn(output.shape, dtype=output.dtype)
    return output, *torch.autograd.grad(output, (inputs, *module.parameters()), gradient)


def close(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.shape == theirs.shape
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("policy", [AttentionSeeking(p=1), Late()], ids=["early", "late"])
@pytest.mark.parametrize("name", LAYERS)
def test_input_gradient_uses_feedback_weights_and_parameters_their_own(name, policy):
    plain, inputs = layer(name)
    output, to_input, *to_parameters = answers(plain, inputs)
    found = answers(neuronet.convert(plain, policy), inputs)
    with torch.no_grad():
        plain.weight.sign_()
    _, signed, *_ = answers(plain, inputs)
    close(found, (output, signed, *to_parameters))
    assert not torch.allclose(signed, to_input)


@pytest.mark.parametrize("name", LAYERS)
def test_feedback_at_every_place_adds_up_to_the_gradient(name):
    plain, inputs = layer(name)
    close(answers(neuronet.convert(plain, IndirectFeedback()), inputs), answers(plain, inputs))


@pytest.mark.parametrize("name", LAYERS)
def test_neurons_see_a_round_as_in_an_engine(name):
    plain, inputs = layer(name)
    policy = IndirectFeedback()
    converted = neuronet.convert(plain, policy)
    converted.layer_policy.policy_groups[0].policy.told.clear()  # convert tries it once, on its own copy
    answers(converted, inputs)
    (obs,) = converted.layer_policy.policy_groups[0].policy.told
    samples = obs.activity.shape[-2]
    assert obs.demand.shape == (*obs.activity.shape[:-1], obs.attention.shape[-2])
    assert obs.attention.numel() == plain.weight.numel()
    torch.testing.assert_close(obs.response, obs.demand.mT @ obs.activity / samples, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(obs.listener_mask, torch.ones_like(obs.attention))
    assert obs.learning


def test_a_channel_is_paid_at_every_position_of_the_kernel():
    """The attention that channel j gets: its weights in every kernel, at every position."""
    plain, inputs = layer("conv2d")
    policy = IndirectFeedback()
    converted = neuronet.convert(plain, policy)
    answers(converted, inputs)
    paid = converted.layer_policy.policy_groups[0].policy.told[-1].attention
    assert paid.shape == (6 * 9, 4)
    for channel in range(4):
        assert set(paid[:, channel].tolist()) == set(plain.weight[:, channel].flatten().tolist())
    assert paid[9 * 2 + 3 * 1 + 2, 1] == plain.weight[2, 1, 1, 2]  # output channel 2 at position (1, 2) hears channel 1


@pytest.mark.parametrize("name", ["conv2d", "stride", "conv3d"])
def test_channels_last(name):
    plain, inputs = layer(name)
    memory_format = torch.channels_last if inputs.dim() == 4 else torch.channels_last_3d
    for policy in (AttentionSeeking(p=1), Late(), IndirectFeedback()):
        expected = answers(neuronet.convert(plain, policy), inputs)
        turned = inputs.detach().to(memory_format=memory_format).requires_grad_()
        found = answers(neuronet.convert(plain, policy).to(memory_format=memory_format), turned)
        close(found, expected)


def test_greedy_channels_follow_one_listener_at_one_position():
    plain, inputs = layer("stride")
    _, found, *_ = answers(neuronet.convert(plain, Greedy(top=1)), inputs)
    with torch.no_grad():
        for channel in range(4):
            kernels = plain.weight[:, channel]
            kernels *= kernels.abs() == kernels.abs().max()
    assert plain.weight.count_nonzero() == 4
    _, expected, *_ = answers(plain, inputs)
    close([found], [expected])


@pytest.mark.parametrize("name", ["conv2d", "groups", "depthwise"])
def test_random_feedback_to_a_channel_is_a_random_kernel(name):
    plain, inputs = layer(name)
    converted = neuronet.convert(plain, RandomFeedback(scale=3.0))
    _, found, *_ = answers(converted, inputs)
    groups, positions = plain.groups, 9
    listeners = plain.out_channels // groups * positions
    born = converted.neuronet_memory_feedback.reshape(groups, 4 // groups, listeners)
    assert len(set(born.flatten().tolist())) == born.numel()  # no two groups start equal
    kernels = born.unflatten(-1, (-1, 3, 3)).transpose(1, 2).reshape(plain.weight.shape)
    with torch.no_grad():
        plain.weight.copy_(kernels * 3.0 / listeners**0.5)
    _, expected, *_ = answers(plain, inputs)
    close([found], [expected])


@pytest.mark.parametrize("policy", [AttentionSeeking(p=1), Late(), IndirectFeedback()], ids=["early", "late", "feedback"])
@pytest.mark.parametrize("name", ["linear", "conv2d", "groups"])
def test_empty_batch(name, policy):
    plain, inputs = layer(name)
    converted = neuronet.convert(plain, policy)
    no_samples = inputs.detach()[:0].requires_grad_()
    converted(no_samples).sum().backward()
    assert no_samples.grad.shape == no_samples.shape
    assert not converted.weight.grad.any()


def test_frozen_parameters_get_no_gradient():
    told = IndirectFeedback()
    converted = neuronet.convert(nn.Linear(3, 2), told)
    told = converted.layer_policy.policy_groups[0].policy.told
    before = len(told)
    converted(torch.randn(4, 3)).sum().backward()
    with torch.no_grad():
        converted(torch.randn(4, 3, requires_grad=True))
    assert len(told) == before


def test_the_gradient_has_no_gradient():
    inputs = torch.randn(4, 3, requires_grad=True)
    converted = neuronet.convert(nn.Linear(3, 2), AttentionSeeking(p=1))
    with pytest.raises(ConfigurationError, match="feedback has no gradient: leave out create_graph=True"):
        torch.autograd.grad(converted(inputs).square().sum(), inputs, create_graph=True)
    with pytest.raises(ConfigurationError, match="feedback has no gradient"):
        torch.autograd.functional.hessian(lambda heard: converted(heard).square().sum(), inputs)
