"""What docs/continual-study.md and the README say is what the studies' records say."""

import pytest

from neuronet.continual.studies.summary import summarize_studies
from tests.helpers.paths import ROOT

RECORDS = ROOT / "benchmarks" / "forgetting"
PAGE = (ROOT / "docs" / "continual-study.md").read_text(encoding="utf-8")


def spelled(mean, low, high, sign=""):
    return f"{100 * mean:{sign}.1f} ± {50 * (high - low):.1f}"


def test_the_table_of_the_three_studies():
    table = summarize_studies([RECORDS / "domain", RECORDS / "permuted", RECORDS / "class"]).table
    assert len(table) == 12
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for row in table.itertuples():
        final = spelled(row.final, row.final_low, row.final_high)
        line = f"| `{row.policy}` | {final} | {spelled(row.learning, row.learning_low, row.learning_high)} |"
        if row.policy != "backprop":
            line += f" {spelled(row.difference, row.difference_low, row.difference_high, '+')} |"
        assert line in PAGE
        assert final in readme


@pytest.mark.parametrize("study", ["stream", "trial-permuted", "trial-split-domain"])
def test_the_other_tables(study):
    for row in summarize_studies([RECORDS / study]).table.itertuples():
        lines = [line for line in PAGE.splitlines() if line.startswith(f"| `{row.policy}` | ")]
        assert any(spelled(row.final, row.final_low, row.final_high) in line for line in lines), row.policy
