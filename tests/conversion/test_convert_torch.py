"""What torch offers besides works with converted modules: autocast, compile, checkpointing, parallel training, optimizers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint_sequential

import neuronet
from neuronet import AttentionSeeking, Greedy, LinearPolicy
from tests.conversion import networks
from tests.helpers.paths import ROOT
from tests.helpers.workers import LOOPBACK

SIGN = AttentionSeeking(p=1)


@dataclass(frozen=True)
class Early(LinearPolicy):
    """Attention-seeking by other means."""

    def feedback_weights(self, obs, memory):
        return 1.0 * obs.attention


@dataclass(frozen=True)
class Late(LinearPolicy):
    """The same, but it is known only in the backward pass."""

    def feedback_weights(self, obs, memory):
        return obs.attention + 0 * obs.xp.sum(obs.demand)


def autocast_gradients(net, inputs, classes):
    """As `networks.gradients`, with autocast in the forward pass."""
    net.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = net(inputs)
        loss = nn.functional.cross_entropy(outputs.float(), classes)
    assert outputs.dtype == torch.bfloat16
    loss.backward()
    return {name: parameter.grad.clone() for name, parameter in net.named_parameters()}


def close(found, expected, **tolerance):
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, **tolerance)


@pytest.mark.parametrize("policy", [Early(), Late()], ids=repr)
@pytest.mark.parametrize("name", networks.NETS)
def test_autocast_is_that_of_ordinary_layers_to_the_bit(name, policy):
    """Neurons that count demands by the attention, though not by the very object, against the ordinary module."""
    net, inputs, classes = networks.made(name, torch.float32)
    converted = neuronet.convert(net, policy)
    assert not any(layer.layer_policy.uses_attention for layer in converted.modules() if hasattr(layer, "layer_policy"))
    found = autocast_gradients(converted, inputs, classes)
    close(found, autocast_gradients(net, inputs, classes), rtol=0, atol=0)
    assert {gradient.dtype for gradient in found.values()} == {torch.float32}


def test_autocast_keeps_double_precision():
    net, inputs, classes = networks.made("mlp")
    expected = networks.gradients(neuronet.convert(net, SIGN), inputs, classes)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = networks.gradients(neuronet.convert(net, SIGN), inputs, classes)
    close(found, expected)


@pytest.mark.parametrize("policy", [SIGN, Late()], ids=repr)
def test_activations_may_be_computed_again(policy):
    net, inputs, classes = networks.made("lenet")
    expected = networks.gradients(neuronet.convert(net, policy), inputs, classes)
    converted = neuronet.convert(net, policy)
    outputs = checkpoint_sequential(converted, 3, inputs, use_reentrant=False)
    nn.functional.cross_entropy(outputs, classes).backward()
    close({name: parameter.grad for name, parameter in converted.named_parameters()}, expected)


@pytest.mark.slow
def test_compiled_and_data_parallel_modules_play_the_same(tmp_path):
    script = Path(__file__).with_name("torch_subprocess.py")
    command = [sys.executable, "-W", "error", str(script), str(tmp_path / "meet")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **LOOPBACK}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=180)
    assert ran.returncode == 0, ran.stderr
    gaps = json.loads(ran.stdout)
    assert len(gaps) == 4
    assert max(gaps.values()) <= 1e-9


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.AdamW, torch.optim.RMSprop, torch.optim.LBFGS])
def test_any_optimizer_moves_the_very_parameters(optimizer):
    net, inputs, classes = networks.made("mlp")
    mover = optimizer(net.parameters(), lr=0.01)  # made before: the parameters stay the same objects
    converted = neuronet.convert(net, Greedy(), inplace=True)
    before = [parameter.clone() for parameter in converted.parameters()]

    def closure():
        mover.zero_grad()
        loss = nn.functional.cross_entropy(converted(inputs), classes)
        loss.backward()
        return loss

    mover.step(closure)
    assert all(not torch.equal(ours, old) for ours, old in zip(converted.parameters(), before, strict=True))


def test_gradients_add_up_over_parts_of_a_batch():
    net, inputs, classes = networks.made("lenet")
    converted = neuronet.convert(net, SIGN)
    expected = networks.gradients(converted, inputs, classes)
    converted.zero_grad()
    for part in (slice(0, 2), slice(2, 5)):
        nn.functional.cross_entropy(converted(inputs[part]), classes[part], reduction="sum").div(len(inputs)).backward()
    close({name: parameter.grad for name, parameter in converted.named_parameters()}, expected)


def test_torchs_own_transformer_layer_is_converted_where_it_has_linear_layers():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True), nn.Flatten(), nn.Linear(32, 3)
    ).double()
    inputs, classes = torch.randn(5, 4, 8, dtype=torch.float64), torch.arange(5) % 3
    converted = neuronet.convert(net, SIGN)
    assert [name for name, layer in converted.named_modules() if hasattr(layer, "layer_policy")] == [
        "0.linear1",
        "0.linear2",
        "2",
    ]
    ordinary, found = networks.gradients(net, inputs, classes), networks.gradients(converted, inputs, classes)
    assert torch.equal(found["2.weight"], ordinary["2.weight"])
    assert not torch.allclose(found["0.self_attn.in_proj_weight"], ordinary["0.self_attn.in_proj_weight"])
    close(networks.gradients(neuronet.convert(net, AttentionSeeking()), inputs, classes), ordinary, rtol=0, atol=0)
