"""benchmarks/direct_feedback.py: its gradients are those of the converted network, and of BioTorch's own layers."""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from benchmarks.direct_feedback import DIRECT, SEEDS, DirectFeedbackNetwork
from neuronet.conversion import follow, lenet
from neuronet.registry import parse_policy
from neuronet.reproduction.lenet_images import ImageData
from tests.helpers.paths import ROOT

RECORDS = ROOT / "benchmarks" / "reproduction" / "feedback-rules" / "direct-feedback.csv"
SEED = 3


@pytest.fixture(scope="module")
def batch():
    """Random images as the network sees them, with their classes, and the data that they belong to."""
    rng = np.random.default_rng(0)
    images, classes = rng.integers(0, 256, (16, 32, 32), dtype=np.uint8), np.arange(16) % 10
    data = ImageData((images, classes), (images, classes), 10, 0.5, 0.3)
    return data, data.standardize(torch.from_numpy(images)), torch.from_numpy(classes)


def gradients(net):
    return {name: parameter.grad for name, parameter in net.named_parameters()}


def followed_network():
    return follow(lenet(10, 32, SEED), parse_policy("direct-feedback"), 10, SEED)


def converted_gradients(images, classes):
    net = followed_network()
    nn.functional.cross_entropy(net(images), classes).backward()
    return gradients(net)


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        assert (found[name] - gradient).norm() < 1e-5 * gradient.norm(), name


def test_gradients_are_those_of_the_converted_network(batch):
    data, images, classes = batch
    network = DirectFeedbackNetwork(data, SEED)
    network.differentiate(images, classes)
    assert_same(gradients(network.net), converted_gradients(images, classes))


@pytest.mark.filterwarnings("ignore")
def test_gradients_are_those_of_biotorch(batch):
    pytest.importorskip("biotorch", reason="BioTorch is not installed: pip install biotorch --no-deps", exc_type=ImportError)
    from biotorch.module.biomodule import BioModule

    _, images, classes = batch
    options = {"constrain_weights": False, "gradient_clip": False, "init": "xavier"}
    with redirect_stdout(StringIO()):  # it prints what it converts
        model = BioModule(lenet(10, 32, SEED), "dfa", layer_config={"type": "dfa", "options": options}, output_dim=10)
    memories = dict(followed_network().named_buffers())
    with torch.no_grad():
        for name, layer in model.module.named_children():
            if hasattr(layer, "weight_backward"):
                fixed = layer.weight_backward
                by_input = memories[f"{name}.{DIRECT}"].reshape(fixed.shape[1], fixed.shape[0], *fixed.shape[2:])
                fixed.copy_(by_input.transpose(0, 1))
    loss = nn.CrossEntropyLoss()
    loss(model(images, classes, loss), classes).backward()
    own = {name: gradient for name, gradient in gradients(model.module).items() if gradient is not None}
    expected = converted_gradients(images, classes)
    assert_same({name: own[name] for name in expected}, expected)


def test_page_has_the_best_error_of_every_seed():
    table = pd.read_csv(RECORDS)
    page = (ROOT / "docs" / "attention-budget.md").read_text(encoding="utf-8")
    assert {rate: set(seeds) for rate, seeds in SEEDS.items()} == table.groupby("learning_rate")["seed"].agg(set).to_dict()
    for rate, rows in table.groupby("learning_rate"):
        assert (rows.groupby("seed")["epoch"].agg(["max", "count"]) == 100).all(axis=None)
        best = rows.groupby("seed")["error"].min()
        assert f"| {rate:g} | {', '.join(map(str, best.index))} | {', '.join(f'{error:.2f}' for error in best)} |" in page
