"""The tables of mechanisms on docs/games.md are those of the records in benchmarks/mechanisms."""

from __future__ import annotations

import pandas as pd
import pytest

from neuronet.games import MECHANISMS, MechanismComparison
from tests.helpers.paths import ROOT

RECORDS = ROOT / "benchmarks" / "mechanisms"
PAGE = (ROOT / "docs" / "games.md").read_text(encoding="utf-8")
WORDS = {"certain": "yes", "refuted": "no", "undecided": "undecided"}


def row_of(number, row):
    """Return a row of the page's table."""
    gain, low, high, shirking = (f"{100 * value:.3g}" for value in (row.gain, row.lower, row.upper, row.shirking))
    change = f"{100 * row.change:+.1f} ± {100 * (row.change_high - row.change):.1f}"
    totals = f"{row.attention:.3g}, {row.scaled:.3g}"
    cells = (number, f"`{row.mechanism}`", row.deviation, f"{gain} ({low} to {high})", WORDS[row.conclusion], shirking)
    return "| " + " | ".join(map(str, (*cells, f"{100 * row.accuracy:.1f}", change, totals))) + " |"


@pytest.mark.parametrize("folder", sorted(RECORDS.iterdir()), ids=lambda folder: folder.name)
def test_page_has_the_recorded_figures(folder):
    table = pd.read_csv(folder / "mechanisms.csv")
    assert table["mechanism"].tolist() == list(MECHANISMS)
    missing = [row for row in map(row_of, range(1, len(table) + 1), table.itertuples(index=False)) if row not in PAGE]
    assert missing == []


@pytest.mark.parametrize("folder", sorted(RECORDS.iterdir()), ids=lambda folder: folder.name)
def test_verdicts_follow_from_the_recorded_gains(folder):
    table, gains = (pd.read_csv(folder / f"{name}.csv") for name in ("mechanisms", "gains"))
    for row in table.itertuples(index=False):
        upper, lower = (gains.loc[gains["mechanism"] == row.mechanism, side].max() for side in ("upper", "lower"))
        expected = "certain" if upper <= 0.02 else "refuted" if lower > 0.02 else "undecided"
        assert row.conclusion == expected, row.mechanism


def test_page_names_the_honest_mechanisms_of_digits():
    table = pd.read_csv(RECORDS / "digits" / "mechanisms.csv")
    honest = MechanismComparison(pd.DataFrame(), table, 0.02, 20, 45, 450).honest()
    assert honest == ["budgeted(budget=0.3) + priced(0.03)", "budgeted(budget=0.3) + loss"]
    section = PAGE[PAGE.index("## Mechanisms") :]
    assert all(f"`{name}`" in section[: section.index("\n## ")] for name in honest)
