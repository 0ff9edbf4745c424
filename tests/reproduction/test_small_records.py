"""Small studies, played again, agree with their records in benchmarks/reproduction/small."""

from __future__ import annotations

import pandas as pd
import pytest

from neuronet.reproduction import reproduce
from tests.helpers.paths import ROOT

RECORDS = ROOT / "benchmarks" / "reproduction" / "small"
POINTS = 2.0
"""Largest difference of a mean accuracy, in points: on another processor a rate near the best one may be chosen."""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["budgeted-capacity", "budgeted-depth"])
def test_small_study_agrees_with_its_records(name):
    recorded = pd.read_csv(RECORDS / f"{name}.csv")
    played = reproduce(name, size="small", jobs=1).records
    keys = ["setting", "method"]
    assert played[[*keys, "seed"]].values.tolist() == recorded[[*keys, "seed"]].values.tolist()
    gaps = (played.groupby(keys)["accuracy"].mean() - recorded.groupby(keys)["accuracy"].mean()).abs()
    assert gaps.max() < POINTS, gaps
