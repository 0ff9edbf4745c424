"""What torch can do to a module beside plain layers and plain rounds: kept whole, or refused in one sentence."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import neuronet
from neuronet import AttentionSeeking, Greedy, Noisy, convert, revert
from neuronet.core import ConfigurationError
from neuronet.policies import Clipped

SIGN = AttentionSeeking(p=1)
POLICIES = [SIGN, Greedy(top=1), Noisy(sigma=0.5), Clipped(SIGN, bound=0.1)]


def plain(dtype=torch.float32):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)).to(dtype)


def inputs():
    torch.manual_seed(1)
    return torch.randn(6, 4)


def gradients(net, heard=None):
    net(inputs() if heard is None else heard).square().mean().backward()
    return [parameter.grad for parameter in net.parameters()]


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-7)


def with_weight(weight):
    net = plain()
    del net[2].weight
    net[2].weight = weight
    return net


BAD_WEIGHTS = {
    "none": (None, "must have a tensor as its weight, got NoneType"),
    "coo": (torch.ones(3, 5).to_sparse(), "has a weight of torch.sparse_coo: give it a dense one"),
    "float8": (torch.ones(3, 5).to(torch.float8_e4m3fn), "has a weight of torch.float8_e4m3fn: policies need one of float16"),
    "integers": (torch.ones(3, 5, dtype=torch.int64), "has a weight of torch.int64"),
    "complex": (torch.ones(3, 5, dtype=torch.complex64), "has complex parameters"),
    "shape": (torch.ones(3, 7), r"must have a weight of shape \(3, 5\), got \(3, 7\)"),
    "vector": (torch.ones(3), r"must have a weight of shape \(3, 5\), got \(3,\)"),
}


@pytest.mark.parametrize(("weight", "words"), BAD_WEIGHTS.values(), ids=BAD_WEIGHTS)
@pytest.mark.parametrize("inplace", [True, False])
def test_weight_that_is_no_dense_real_matrix_is_refused(weight, words, inplace):
    net = with_weight(weight)
    with pytest.raises(ConfigurationError, match=f"layer '2' {words}"):
        convert(net, SIGN, inplace=inplace)
    assert not hasattr(net[0], "layer_policy")


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_sparse_inputs_are_kept_whole_or_refused(policy):
    net = convert(plain(), policy)
    close(gradients(net, inputs().to_sparse()), gradients(convert(plain(), policy)))
    with pytest.raises(ConfigurationError, match=r"layer '0' takes a dense tensor, got one of torch.sparse_coo: use input.to"):
        net(inputs().to_sparse().requires_grad_())
    with pytest.raises(ConfigurationError, match="layer '0' takes a dense tensor"):
        convert(plain(), "budgeted")(inputs().to_sparse())


@pytest.mark.filterwarnings("ignore:Complex modules are a new feature")
@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_module_that_becomes_complex_is_refused(policy):
    net = convert(plain(), policy).to(torch.complex64)
    with pytest.raises(ConfigurationError, match="layer '2' has complex activity or parameters"):
        net(inputs().to(torch.complex64))


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_modules_are_converted_in_inference_mode(policy):
    with torch.inference_mode():
        net = convert(plain(), policy)
    close(gradients(net), gradients(convert(plain(), policy)))


TRANSFORMATIONS = {
    "vmap": lambda net: torch.func.vmap(net)(inputs()),
    "jacfwd": lambda net: torch.func.jacfwd(net)(inputs()),
    "jacrev": lambda net: torch.func.jacrev(net)(inputs()),
    "jvp": lambda net: torch.func.jvp(net, (inputs(),), (inputs(),)),
}


@pytest.mark.filterwarnings("ignore:.*torch.jit")
@pytest.mark.parametrize("policy", [*POLICIES, "budgeted"], ids=repr)
@pytest.mark.parametrize("transform", TRANSFORMATIONS.values(), ids=TRANSFORMATIONS)
def test_functions_of_torch_func_would_lose_the_feedback(transform, policy):
    with pytest.raises(ConfigurationError, match=r"layer '0' cannot be transformed by torch.func: use autograd"):
        transform(convert(plain(), policy))


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_outputs_alone_may_be_mapped(policy):
    with torch.no_grad():
        close(torch.func.vmap(convert(plain(), policy))(inputs()), plain()(inputs()))


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_forward_mode_is_refused():
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(inputs(), inputs())
        with pytest.raises(ConfigurationError, match="layer '0' has no derivative in forward mode"):
            convert(plain(), SIGN)(dual)


FUNCTIONAL = torch.autograd.functional
SECOND = {
    "hessian": lambda loss: FUNCTIONAL.hessian(loss, inputs()),
    "hvp": lambda loss: FUNCTIONAL.hvp(loss, inputs(), inputs()),
    "jvp": lambda loss: FUNCTIONAL.jvp(loss, inputs(), inputs()),
    "penalty": lambda loss: torch.autograd.grad(loss(heard := inputs().requires_grad_()), heard, create_graph=True),
}


@pytest.mark.parametrize("policy", [*POLICIES, "budgeted"], ids=repr)
@pytest.mark.parametrize("second", SECOND.values(), ids=SECOND)
def test_second_derivatives_are_refused_and_not_0(second, policy):
    net = convert(plain(), policy)
    with pytest.raises(ConfigurationError, match="feedback has no gradient: leave out create_graph=True"):
        second(lambda heard: net(heard).square().sum())


def test_usual_layers_have_second_derivatives():
    found, usual = convert(plain(), AttentionSeeking()), plain()
    expected = FUNCTIONAL.hessian(lambda heard: usual(heard).square().sum(), inputs())
    close(FUNCTIONAL.hessian(lambda heard: found(heard).square().sum(), inputs()), expected)
    assert expected.abs().max() > 0.01


@pytest.mark.parametrize("policy", [*POLICIES, "best-response", "budgeted", "direct-feedback"], ids=repr)
def test_several_gradients_at_once_are_those_one_by_one_or_refused(policy):
    def answers(vectorize):
        net = convert(plain(), policy, outputs=3, learning_rate=0.1)
        return FUNCTIONAL.jacobian(net, inputs(), vectorize=vectorize)

    if isinstance(policy, str):
        with pytest.raises(ConfigurationError, match=r"cannot answer several gradients at once: leave out vectorize=True"):
            answers(True)
    else:
        close(answers(True), answers(False))


@pytest.mark.parametrize("inplace", [None, "no", 1])
def test_inplace_is_true_or_false(inplace):
    for change in (lambda net: convert(net, SIGN, inplace=inplace), lambda net: revert(net, inplace=inplace)):
        with pytest.raises(ConfigurationError, match="inplace must be true or false, got"):
            change(plain())


@pytest.mark.parametrize(("policy", "words"), [({0: "greedy"}, "as text, got 0"), ({}, "policy names no layer")])
def test_names_of_layers_are_text(policy, words):
    with pytest.raises(ConfigurationError, match=words):
        convert(plain(), policy)


@pytest.mark.parametrize("module", [None, "net", [plain()], plain().state_dict()], ids=lambda module: type(module).__name__)
def test_only_modules_are_reverted(module):
    with pytest.raises(ConfigurationError, match=r"revert takes a torch.nn.Module, got"):
        neuronet.revert(module)
