"""The numbers in docs/attention-budget.md and README.md equal those of the reproduction's records."""

import math
from functools import cache

import pytest

from neuronet.reproduction import read_reproduction
from tests.helpers.paths import ROOT

RECORDS = ROOT / "benchmarks" / "reproduction" / "budgeted-forgetting"
PAGE = (ROOT / "docs" / "attention-budget.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


@cache
def result():
    return read_reproduction(RECORDS)


def with_interval(row, name, sign=""):
    return "" if math.isnan(row[name]) else f"{row[name]:{sign}.1f} ± {row[f'{name}_high'] - row[name]:.1f}"


def best_rows():
    """Return the page's row of each setting and method."""
    tables = result().tables
    headline = tables["equal"].groupby("setting").head(1).set_index("setting")["level"]
    equal = tables["equal"].set_index(["setting", "method", "level"])
    for row in tables["best"].to_dict("records"):
        key = (row["setting"], row["method"], headline[row["setting"]])
        at_level = equal.loc[key].to_dict() if key in equal.index else {"difference": math.nan}
        rates = " / ".join(row["rates"].split()) + (" (edge)" if row["at_edge"] else "")
        numbers = (with_interval(row, "final"), with_interval(row, "learning"), rates)
        gaps = (with_interval(row, "difference", "+"), with_interval(at_level, "difference", "+"))
        yield row["setting"], f"| `{row['method']}` | {' | '.join((*numbers, *gaps))} |".replace("|  |", "| |")


def test_page_has_the_row_of_every_method_in_every_setting():
    rows = list(best_rows())
    assert len(rows) > 15
    for setting, row in rows:
        section = PAGE.partition(f"`{setting}`")[2]
        assert row in section, row


def test_page_has_every_finding_beside_the_published_figure():
    for finding in result().findings:
        numbers = f"{finding.value:+.1f} ± {finding.high - finding.value:.1f}"
        assert numbers in PAGE, finding.claim
        if finding.published:
            assert f"| {finding.published} | {numbers} | {finding.conclusion} |" in PAGE


def test_readme_has_the_numbers_of_the_main_setting():
    best = result().tables["best"]
    for row in best[best["setting"] == "mnist5k-batch64"].to_dict("records"):
        if f"`{row['method']}`" in README.partition("## One result")[2].partition("\n## ")[0]:
            assert with_interval(row, "final") in README


@pytest.mark.parametrize("column", ["seconds", "final", "learning"])
def test_records_are_complete(column):
    assert result().records[column].notna().all()
