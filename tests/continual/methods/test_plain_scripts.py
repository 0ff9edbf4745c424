"""The main table of docs/continual-study.md: methods of the literature, played again by short scripts of plain torch.

The scripts take learning rates and parameters from the records, and class orders from the protocol. Weights, batches and
reservoirs are drawn by themselves, so that means over the seeds are compared: their difference must be within its 95% interval.
"""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from neuronet.continual.protocols.class_splits import SplitDomain
from neuronet.registry import parse_environment
from tests.continual.methods import plain_scripts

pytest.importorskip("mlxtend")
pytestmark = pytest.mark.slow

RECORDS = Path(__file__).parents[3] / "benchmarks" / "reproduction" / "continual-domain" / "records.csv"
MEMORY, FEATURES = 2_546_000, 796
OPTIMIZERS = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD, "momentum": partial(torch.optim.SGD, momentum=0.9)}


@pytest.fixture(scope="module")
def mnist5k():
    return parse_environment("mnist5k")


@pytest.fixture(scope="module")
def records():
    return pd.read_csv(RECORDS)


def learner_of(method, row):
    """Return a function of tasks and a random generator, with the settings that tuning chose."""
    chosen, rate = json.loads(row["settings"]), row["learning_rate"]
    if method in ("owm", "gpm"):
        assert chosen.pop("optimizer") == "sgd"
        return partial(getattr(plain_scripts, method), rate=rate, **chosen)
    if method == "ridge":
        return partial(plain_scripts.ridge, features=FEATURES, **chosen)
    optimizer = partial(OPTIMIZERS[chosen.pop("optimizer")], lr=rate)
    bytes_of_sample = 784 + 8 + (8 if method == "der" else 0)
    return partial(plain_scripts.rehearsal, optimizer=optimizer, capacity=MEMORY // bytes_of_sample, **chosen)


def tensors(samples):
    scaled = samples.scaled()
    return torch.tensor(np.asarray(scaled.inputs), dtype=torch.float32), torch.tensor(np.asarray(scaled.targets))


@pytest.mark.parametrize("method", ["ridge", "owm", "gpm", "er", "der"])
def test_script_of_plain_torch_has_the_accuracy_of_the_records(method, mnist5k, records):
    own = records[records["method"] == method]
    learn = learner_of(method, own.iloc[0])
    found = []
    for seed in own["seed"]:
        tasks = SplitDomain(5).sequence(mnist5k, int(seed))
        network = learn([tensors(task.train) for task in tasks], np.random.default_rng(seed))
        with torch.no_grad():
            right = [(network(x).argmax(1) == y).double().mean().item() for x, y in (tensors(task.test) for task in tasks)]
        found.append(100 * np.mean(right))
    test = stats.ttest_ind(found, own["accuracy"], equal_var=False)
    low, high = test.confidence_interval(0.95)
    gap = float(np.median(found) - own["accuracy"].median())  # two runs of er fail, and widen the interval of the mean
    print(f"{method}: {np.mean(found):.2f}, records {own['accuracy'].mean():.2f}, {low:.2f} to {high:.2f}, medians {gap:.2f}")
    assert low <= 0 <= high
    assert abs(gap) < 2
