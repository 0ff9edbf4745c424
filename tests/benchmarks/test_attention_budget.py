"""The numbers in docs/attention-budget.md equal those of the reproduction's records."""

import math
from functools import cache

import pandas as pd
import pytest

from neuronet.reproduction import read_reproduction
from neuronet.reproduction.feedback_rules import PUBLISHED
from neuronet.reproduction.lenet_settings import RULES
from tests.helpers.paths import ROOT

RECORDS = ROOT / "benchmarks" / "reproduction" / "budgeted-forgetting"
PAGE = (ROOT / "docs" / "attention-budget.md").read_text(encoding="utf-8")


FOLDERS = [RECORDS, RECORDS.with_name("budgeted-forgetting-new-seeds")]
STRONG = 97.0
"""Learning accuracy (%) of strong learning."""


@cache
def result(folder=RECORDS):
    return read_reproduction(folder)


def with_interval(row, name, sign=""):
    return "" if math.isnan(row[name]) else f"{row[name]:{sign}.1f} ± {row[f'{name}_high'] - row[name]:.1f}"


def best_rows(folder):
    """Return the page's row of each setting and method."""
    tables = result(folder).tables
    headline = tables["equal"].groupby("setting").head(1).set_index("setting")["level"]
    equal = tables["equal"].set_index(["setting", "method", "level"])
    for row in tables["best"].to_dict("records"):
        key = (row["setting"], row["method"], headline[row["setting"]])
        at_level = equal.loc[key].to_dict() if key in equal.index else {"difference": math.nan}
        rates = " / ".join(row["rates"].split()) + (" (edge)" if row["at_edge"] else "")
        numbers = (with_interval(row, "final"), with_interval(row, "learning"), rates)
        gaps = (with_interval(row, "difference", "+"), with_interval(at_level, "difference", "+"))
        yield row["setting"], " ".join(f"| `{row['method']}` | {' | '.join((*numbers, *gaps))} |".split())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_page_has_the_row_of_every_method_in_every_setting(folder):
    rows = list(best_rows(folder))
    assert len(rows) >= 5
    for setting, row in rows:
        section = PAGE.partition(f"`{setting}`")[2]
        assert row in section, row


def test_page_has_the_differences_of_new_seeds_at_strong_learning():
    table = result(FOLDERS[1]).tables["equal"]
    section = PAGE.partition("## New seeds")[2].partition("\n## ")[0]
    rows = table[(table["level"] == STRONG) & table["difference"].notna()].to_dict("records")
    assert len(rows) == 4
    for row in rows:
        assert f"`{row['method']}` {with_interval(row, 'difference', '+')}" in " ".join(section.split()), row


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_page_has_every_finding_and_its_p_value(folder):
    for finding in result(folder).findings:
        numbers = f"{finding.value:+.1f} ± {finding.high - finding.value:.1f}"
        p = "<0.001" if finding.p < 0.001 else f"{finding.p:.2g}"
        assert f"| {finding.setting} | {finding.claim} | {numbers} | {p} | {finding.conclusion} |" in PAGE
        if finding.published:
            row = f"| {finding.setting} | {finding.claim} | {finding.published} | {numbers} | {finding.conclusion} |"
            assert row in PAGE


@pytest.mark.parametrize("column", ["seconds", "final", "learning"])
def test_records_are_complete(column):
    assert result().records[column].notna().all()


@pytest.mark.parametrize("name", ["budgeted-capacity", "budgeted-depth"])
def test_page_has_every_row_of_the_other_studies(name):
    result = read_reproduction(RECORDS.parent / name)
    p_values = {(f.setting, f.claim.removeprefix("test accuracy: ").removesuffix(" - BP")): f.p for f in result.findings}
    section = PAGE.partition(f"benchmarks/reproduction/{name}/records.csv")[2].partition("\n## ")[0]
    rows = result.tables["accuracy"].to_dict("records")
    assert len(rows) >= 18
    for row in rows:
        p = p_values.get((row["setting"], row["method"]), math.nan)
        p_text = "" if math.isnan(p) else "<0.001" if p < 0.001 else f"{p:.2g}"
        rate = f"{row['learning_rate']:.3g}" + (" (edge)" if row["at_edge"] else "")
        numbers = (with_interval(row, "accuracy"), with_interval(row, "difference", "+"), p_text)
        expected = " ".join(f"| {row['setting']} | `{row['method']}` | {rate} | {' | '.join(numbers)} |".split())
        assert expected in section, expected


def test_page_has_the_lenet_errors_of_every_rule():
    table = pd.read_csv(RECORDS.parent / "feedback-rules" / "errors.csv")
    section = PAGE.partition("## Feedback rules beside an outside table")[2]
    groups = table.groupby(["rule", "learning_rate", "epochs"])
    assert len(groups) == len(RULES) + 8
    for (rule, rate, epochs), rows in groups:
        by_seed = rows.groupby("seed")["error"].min()
        assert (rows.groupby("seed")["epoch"].max() == epochs).all()
        best = f"{by_seed.mean():.2f}" + (f" ({by_seed.min():.2f} to {by_seed.max():.2f})" if len(by_seed) > 1 else "")
        policy = "none" if rule == "BP" else f"`{RULES.get(rule, rule)}`"
        published = f"{PUBLISHED['fashion-mnist'][rule]:g}" if rule in RULES else "none"
        assert f"| {rule} | {policy} | {rate:g} | {epochs} | {len(by_seed)} | {best} | {published} |" in section
