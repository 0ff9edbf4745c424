"""The tables in docs/continual-study.md and the README equal those made from the records of the studies."""

import pytest

from neuronet.continual.studies.summary import summarize_studies
from tests.helpers.paths import ROOT

RECORDS = ROOT / "benchmarks" / "continual"
PAGE = (ROOT / "docs" / "continual-study.md").read_text(encoding="utf-8")


def formatted(mean, low, high, sign=""):
    return f"{100 * mean:{sign}.1f} ± {50 * (high - low):.1f}"


def test_table_of_the_three_studies():
    table = summarize_studies([RECORDS / "domain", RECORDS / "permuted", RECORDS / "class"]).table
    assert len(table) == 12
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for row in table.itertuples():
        final = formatted(row.final, row.final_low, row.final_high)
        line = f"| `{row.policy}` | {final} | {formatted(row.learning, row.learning_low, row.learning_high)} |"
        if row.policy != "backprop":
            line += f" {formatted(row.difference, row.difference_low, row.difference_high, '+')} |"
        assert line in PAGE
        assert final in readme


@pytest.mark.parametrize("study", ["stream", "trial-permuted", "trial-split-domain"])
def test_tables_of_the_other_studies(study):
    for row in summarize_studies([RECORDS / study]).table.itertuples():
        lines = [line for line in PAGE.splitlines() if line.startswith(f"| `{row.policy}` | ")]
        assert any(formatted(row.final, row.final_low, row.final_high) in line for line in lines), row.policy
