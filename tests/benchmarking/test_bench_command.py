"""`neuronet bench` prints a table or JSON, and one sentence for invalid input."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec

import pytest

from neuronet.benchmarking.api import TimingBudget
from neuronet.cli.main import start


@pytest.fixture
def bench(monkeypatch, capsys):
    monkeypatch.setattr("neuronet.benchmarking.api.QUICK", TimingBudget(blocks=1, seconds=1e-5))

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["neuronet", "bench", *words])
        return start(), *capsys.readouterr()

    return call


def test_json_has_a_row_for_each_contestant(bench):
    status, out, _ = bench("6-5-3", "--batch", "7", "--batch", "3", "--policy", "greedy", "--json")
    rows = json.loads(out)
    assert status == 0
    assert len(rows) == 2 * (5 if find_spec("numba") else 4)
    assert {row["case"] for row in rows} == {"6-5-3, batch 7", "6-5-3, batch 3"}
    assert {"greedy", "autograd"} <= {row["contestant"] for row in rows}


def test_table_has_the_reference(bench):
    status, out, _ = bench("6-5-3", "--batch", "7")
    assert status == 0
    assert "6-5-3, batch 7, one round" in out
    assert "matrix products alone" in out


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (["6x3"], "'6x3'"),
        (["6"], "sizes need two or more layers"),
        (["6-3", "--policy", "greed"], "'greed'"),
        (["6-3", "--threads", "0"], "threads"),
    ],
)
def test_invalid_input_is_refused(bench, words, fragment):
    status, out, err = bench(*words)
    assert (status, out) == (2, "")
    assert fragment in err
