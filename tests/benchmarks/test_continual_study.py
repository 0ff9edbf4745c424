"""The numbers in docs/continual-study.md and README.md equal those of the studies' records."""

import pytest

from neuronet.continual.studies.summary import summarize_studies
from tests.helpers.paths import ROOT

RECORDS = ROOT / "benchmarks" / "continual"
PAGE = (ROOT / "docs" / "continual-study.md").read_text(encoding="utf-8")


def format_interval(mean, low, high, sign=""):
    return f"{100 * mean:{sign}.1f} ± {50 * (high - low):.1f}"


def test_page_and_readme_have_the_numbers_of_the_three_main_studies():
    table = summarize_studies([RECORDS / "domain", RECORDS / "permuted", RECORDS / "class"]).table
    assert len(table) == 12
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for row in table.itertuples():
        final = format_interval(row.final, row.final_low, row.final_high)
        line = f"| `{row.policy}` | {final} | {format_interval(row.learning, row.learning_low, row.learning_high)} |"
        if row.policy != "backprop":
            line += f" {format_interval(row.difference, row.difference_low, row.difference_high, '+')} |"
        assert line in PAGE
        assert final in readme


@pytest.mark.parametrize("study", ["stream", "trial-permuted", "trial-split-domain"])
def test_page_has_the_numbers_of_the_other_studies(study):
    for row in summarize_studies([RECORDS / study]).table.itertuples():
        lines = [line for line in PAGE.splitlines() if line.startswith(f"| `{row.policy}` | ")]
        assert any(format_interval(row.final, row.final_low, row.final_high) in line for line in lines), row.policy
