"""The table of the study of channels in the docs equals the one made from its records."""

from __future__ import annotations

import runpy

import pandas as pd
import pytest

from neuronet.registry import parse_channel, parse_update_schedule
from tests.helpers.paths import ROOT


@pytest.fixture(scope="module")
def study():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # the script sets it for the whole process
        return runpy.run_path(str(ROOT / "benchmarks" / "channels.py"))


def test_table_in_the_docs_equals_the_records(study):
    table = study["markdown"](pd.read_csv(ROOT / "benchmarks" / "channels.csv"))
    assert table in (ROOT / "docs" / "channels.md").read_text(encoding="utf-8")


def test_channels_and_schedules_of_the_study_can_be_parsed(study):
    for text in study["CHANNELS"]:
        parse_channel(text)
    for text in study["UPDATE_SCHEDULES"]:
        parse_update_schedule(text)


def test_diverged_runs_are_counted(study):
    rows = [("attention", 0.02, study["UNDISTURBED"], seed, 0.9 + seed / 100) for seed in range(3)]
    rows += [("attention", 0.02, "partial(0.5)", seed, float("nan") if seed else 0.8) for seed in range(3)]
    rows += [("attention", 0.02, "inactive(0.2)", seed, 0.8 + seed / 100) for seed in range(3)]
    lines = study["markdown"](pd.DataFrame(rows, columns=list(study["COLUMNS"]))).splitlines()
    column = [part.strip() for part in lines[0].split("|")].index("attention, 0.02")
    cells = {line.split("|")[1].strip(): line.split("|")[column].strip() for line in lines[2:]}
    assert cells["undisturbed"] == "91.0 ± 2.5"
    assert cells["`partial(0.5)`"] == "diverged (2 of 3)"
    assert cells["`inactive(0.2)`"] == "81.0 ± 2.5 (-10.0 ± 0.0)"
    assert cells["`inactive(0.5)`"] == ""
