"""The published table of forgetting: tiny settings, gaps beside the published ones, and the specs of every size."""

from dataclasses import replace

import numpy as np
import pytest

from neuronet.continual import METRICS, PRESETS, continual_study, parse_method
from neuronet.reproduction import REPRODUCTIONS, read_reproduction, reproduce
from neuronet.reproduction.continual import MEASURES
from neuronet.reproduction.published_forgetting import (
    ACCURACY,
    PRESET,
    PUBLISHED_FORGETTING,
    ROUNDS,
    SCENARIOS,
    PublishedForgettingSetting,
)

NAME = "published-forgetting"
TINY = tuple(PublishedForgettingSetting(scenario, "digits", 3, 3, (8,)) for scenario in SCENARIOS)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(REPRODUCTIONS, NAME, replace(PUBLISHED_FORGETTING, settings={"small": TINY}))
        result = reproduce(NAME, out=tmp_path_factory.mktemp("study"), jobs=1)
        again = read_reproduction(result.folder)
    assert [finding.value for finding in again.findings] == pytest.approx([finding.value for finding in result.findings])
    return result


@pytest.mark.slow
def test_methods_of_the_table_are_compared_with_none(finished):
    records = finished.records
    assert len(records) == 3 * 5 * 3
    assert not records.duplicated(["setting", "method", "seed"]).any()
    assert len(finished.findings) == 3 * 4
    for finding in finished.findings:
        method = finding.claim.removeprefix("final accuracy: ").removesuffix(" - none")
        part = records[records["setting"] == finding.setting].pivot(index="seed", columns="method", values="accuracy")
        assert finding.value == pytest.approx((part[method] - part["none"]).mean())


@pytest.mark.slow
def test_runs_are_those_of_the_preset(finished):
    options = {"iterations": 3, "hidden": (8,), "seeds": 3, "preset": "vandeven-split"}
    study = continual_study("split-domain", "digits", ["si(strength=5e4)"], jobs=1, **options)
    rows = finished.records.query("setting == 'digits, domain' and method == 'SI'")
    np.testing.assert_allclose(rows["accuracy"], 100 * study.matrix("si(strength=5e4)")[:, -1].mean(axis=-1), atol=1e-9)


@pytest.mark.slow
def test_gaps_and_accuracies_are_the_published_ones(finished):
    by_claim = {(finding.setting, finding.claim): finding.published for finding in finished.findings}
    assert by_claim["digits, domain", "final accuracy: EWC - none"] == "+4.74 (63.95 against 59.21)"
    assert by_claim["digits, class", "final accuracy: joint - none"] == "+78.03 (97.93 against 19.90)"
    table = finished.tables["methods"]
    assert table["published"].tolist() == [ACCURACY[scenario][name][0] for scenario in SCENARIOS for name in TINY[0].methods]


def test_specs_of_every_size_are_valid():
    for setting in (setting for settings in PUBLISHED_FORGETTING.settings.values() for setting in settings):
        assert list(setting.methods) == list(ACCURACY[setting.scenario])
        for spec in setting.methods.values():
            parse_method(spec)


def test_names_and_rounds_are_those_of_the_benchmark():
    assert {*MEASURES, "final"} == METRICS.keys()
    assert PRESETS[PRESET].schedule.iterations == ROUNDS
