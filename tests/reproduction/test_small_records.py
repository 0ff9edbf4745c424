"""Small studies, played again, agree with their records in benchmarks/reproduction."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from neuronet.continual import METRICS, continual_study
from neuronet.reproduction import read_reproduction, reproduce
from neuronet.reproduction.continual import BY_CONTEXT
from neuronet.reproduction.continual_studies import CONTINUAL_DOMAIN
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


METHODS = {
    "backprop": "backprop",
    "ridge": "ridge(memory={memory}, penalty={penalty})",
    "keeping-promises": "keeping-promises(kappa={kappa})",
    BY_CONTEXT: (
        'layered(hidden=imprinting, outputs="least-squares-by-context(penalty={penalty}, surprise={surprise})", '
        'features=713, connectivity="fixed-in-degree(16)")'
    ),
}
"""Quick methods of the comparison at equal memory, and their specs with the settings that tuning chose."""


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
def test_method_against_forgetting_agrees_with_its_records(name):
    """Played at the recorded settings, without tuning them again."""
    setting = replace(CONTINUAL_DOMAIN.settings["medium"][0], seeds=5)
    records = read_reproduction(RECORDS.parent / "continual-domain").records
    recorded = records[records["method"] == name].sort_values("seed").head(setting.seeds)
    chosen = json.loads(recorded["settings"].iloc[0])
    rate = recorded["learning_rate"].iloc[0]
    spec = METHODS[name].format(memory=setting.memory, **chosen)
    result = continual_study(
        setting.protocol,
        setting.environment,
        [spec],
        jobs=1,
        seeds=setting.seeds,
        seed=setting.seed,
        hidden=setting.hidden,
        batch_size=setting.batch_size,
        iterations=setting.iterations,
        optimizer=chosen.get("optimizer", "sgd"),
        **({} if pd.isna(rate) else {"learning_rate": float(rate)}),
    )
    accuracy = 100 * METRICS["final"](result.matrix(spec))
    assert recorded["seed"].tolist() == list(range(setting.seed, setting.seed + setting.seeds))
    assert accuracy == pytest.approx(recorded["accuracy"].to_numpy(), abs=POINTS)
