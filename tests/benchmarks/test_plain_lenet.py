"""benchmarks/plain_lenet.py: its gradients are those of the converted network, and docs/attention-budget.md has its errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from benchmarks.lenet import RATES
from benchmarks.plain_lenet import SEEDS, FeedbackNetwork
from neuronet.conversion import follow, lenet
from neuronet.registry import parse_policy
from neuronet.reproduction.lenet_images import ImageData
from neuronet.reproduction.lenet_settings import RULES
from tests.helpers.paths import ROOT

RECORDS = ROOT / "benchmarks" / "reproduction" / "feedback-rules" / "plain.csv"
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


def test_page_has_the_best_error_of_every_seed():
    table = pd.read_csv(RECORDS)
    page = (ROOT / "docs" / "attention-budget.md").read_text(encoding="utf-8")
    assert {rule: set(seeds) for rule, seeds in SEEDS.items()} == table.groupby("rule")["seed"].agg(set).to_dict()
    for rule, rows in table.groupby("rule"):
        assert (rows["learning_rate"] == RATES[rule]).all()
        assert (rows.groupby("seed")["epoch"].agg(["max", "count"]) == 100).all(axis=None)
        best = rows.groupby("seed")["error"].min()
        errors = ", ".join(f"{error:.2f}" for error in best)
        assert f"| {rule} | {RATES[rule]:g} | {', '.join(map(str, best.index))} | {errors} |" in page


def test_page_has_the_mean_of_the_three_seeds_of_fa():
    first = pd.read_csv(RECORDS.with_name("errors.csv")).query("rule == 'FA' and epochs == 100")
    best = pd.concat([first, pd.read_csv(RECORDS)]).groupby("seed")["error"].min()
    assert list(best.index) == [0, 1, 2]
    page = (ROOT / "docs" / "attention-budget.md").read_text(encoding="utf-8")
    assert f"({best[0]:.2f} %) the mean of three seeds is {best.mean():.1f} %" in page
