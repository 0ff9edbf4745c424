"""`neuronet bench`: a table, or JSON, and one sentence for what cannot be."""

from __future__ import annotations

import json
import sys

import pytest

from neuronet.benchmarking.bench import TimingBudget
from neuronet.cli.main import start


@pytest.fixture
def bench(monkeypatch, capsys):
    monkeypatch.setattr("neuronet.benchmarking.bench.QUICK", TimingBudget(blocks=1, seconds=1e-5))

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["neuronet", "bench", *words])
        return start(), *capsys.readouterr()

    return call


def test_json(bench):
    status, out, _ = bench("6-5-3", "--batch", "7", "--batch", "3", "--policy", "greedy", "--json")
    rows = json.loads(out)
    assert status == 0
    assert len(rows) == 2 * 4
    assert {row["case"] for row in rows} == {"6-5-3, batch 7", "6-5-3, batch 3"}
    assert {"greedy", "autograd"} <= {row["contestant"] for row in rows}


def test_table(bench):
    status, out, _ = bench("6-5-3", "--batch", "7")
    assert status == 0
    assert "6-5-3, batch 7, one round" in out
    assert "matrix products alone" in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["6x3"], "a network must be the neurons in each layer, such as 64-32-10, got '6x3'"),
        (["6"], "sizes must be two or more numbers"),
        (["6-3", "--policy", "greed"], "did you mean 'greedy'"),
        (["6-3", "--threads", "0"], "threads must be an integer of 1 or more"),
    ],
)
def test_what_cannot_be(bench, words, sentence):
    status, out, err = bench(*words)
    assert (status, out) == (2, "")
    assert sentence in err
