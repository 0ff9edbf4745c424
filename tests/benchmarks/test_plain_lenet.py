"""benchmarks/plain_lenet.py: its gradients are those of the converted network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.plain_lenet import FeedbackNetwork
from neuronet.conversion import follow, lenet
from neuronet.registry import parse_policy
from neuronet.reproduction.lenet_images import ImageData
from neuronet.reproduction.lenet_settings import RULES

SEED = 3


@pytest.mark.parametrize("rule", ["BP", "FA", "uSF", "frSF"])
def test_gradients_are_those_of_the_converted_network(rule):
    rng = np.random.default_rng(0)
    images, classes = rng.integers(0, 256, (16, 32, 32), dtype=np.uint8), torch.arange(16) % 10
    data = ImageData((images, classes.numpy()), (images, classes.numpy()), 10, 0.5, 0.3)
    inputs = data.standardize(torch.from_numpy(images))
    network = FeedbackNetwork(data, rule, SEED)
    network.differentiate(inputs, classes)
    policy = None if RULES[rule] is None else parse_policy(RULES[rule])
    converted = follow(lenet(10, 32, SEED), policy, 10, SEED)
    nn.functional.cross_entropy(converted(inputs), classes).backward()
    expected = dict(converted.named_parameters())
    for name, parameter in network.net.named_parameters():
        assert (parameter.grad - expected[name].grad).norm() < 1e-5 * expected[name].grad.norm(), name


def test_magnitudes_of_brsf_are_new_in_each_round_and_uniform():
    images, classes = np.zeros((1, 32, 32), dtype=np.uint8), np.zeros(1, dtype=np.int64)
    network = FeedbackNetwork(ImageData((images, classes), (images, classes), 10, 0.5, 0.3), "brSF", SEED)
    weight = network.layers["conv3"].weight
    deviation = (2 / (sum(weight.shape[:2]) * 25)) ** 0.5
    first, second = (network.feedback("conv3") for _ in range(2))
    assert torch.equal(torch.sign(first), torch.sign(weight))
    shares = torch.stack([first, second]).abs() / (deviation * 3**0.5)
    assert 0 <= shares.min() < 0.001
    assert 0.999 < shares.max() < 1 + 1e-6
    assert abs(float(shares.mean()) - 0.5) < 0.005
    assert abs(float(torch.corrcoef(shares.flatten(1))[0, 1])) < 0.02
