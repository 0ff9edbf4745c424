"""The numbers in docs/continual-study.md and README.md equal those of the studies' records."""

import json
import math

import pandas as pd
import pytest
from scipy import stats

from neuronet.continual.studies.summary import summarize_studies
from neuronet.reproduction import read_reproduction
from tests.helpers.paths import ROOT

RECORDS = ROOT / "benchmarks" / "continual"
PAGE = (ROOT / "docs" / "continual-study.md").read_text(encoding="utf-8")


def format_interval(mean, low, high, sign=""):
    return f"{100 * mean:{sign}.1f} ± {50 * (high - low):.1f}"


def test_page_has_the_numbers_of_the_first_editions_studies():
    table = summarize_studies([RECORDS / "domain", RECORDS / "permuted", RECORDS / "class"]).table
    assert len(table) == 12
    for row in table.itertuples():
        final = format_interval(row.final, row.final_low, row.final_high)
        line = f"| `{row.policy}` | {final} | {format_interval(row.learning, row.learning_low, row.learning_high)} |"
        if row.policy != "backprop":
            line += f" {format_interval(row.difference, row.difference_low, row.difference_high, '+')} |"
        assert line in PAGE


@pytest.mark.parametrize("study", ["stream", "trial-permuted", "trial-split-domain"])
def test_page_has_the_numbers_of_the_other_studies(study):
    for row in summarize_studies([RECORDS / study]).table.itertuples():
        lines = [line for line in PAGE.splitlines() if line.startswith(f"| `{row.policy}` | ")]
        assert any(format_interval(row.final, row.final_low, row.final_high) in line for line in lines), row.policy


def test_page_has_the_numbers_of_the_ablation():
    for row in summarize_studies([RECORDS / "ablation"], "keeping-promises").table.itertuples():
        line = f"`{row.policy}` | {format_interval(row.final, row.final_low, row.final_high)} |"
        if row.policy != "keeping-promises":
            line += f" {format_interval(row.difference, row.difference_low, row.difference_high, '+')} |"
        assert line in PAGE


@pytest.mark.parametrize(("study", "diverged", "tried"), [("permuted", (7, 3), 12), ("domain", (4, 2), 12), ("class", (2, 2), 9)])
def test_page_says_how_many_runs_of_the_first_edition_ended_at_zero(study, diverged, tried):
    tuning = pd.read_csv(RECORDS / study / "tuning.csv")
    means = tuning.groupby(["policy", "learning_rate", "settings"])["final"].mean().reset_index()
    for policy, count in zip(("ewc(samples=2000)", "si"), diverged, strict=True):
        own = means[means["policy"] == policy]["final"]
        assert (int((own == 0).sum()), len(own)) == (count, tried)
    assert f"In `permuted` {diverged[0]} of the 12" in PAGE or f"`split-{study}` {diverged[0]} and {diverged[1]}" in PAGE


def with_interval(row, name, sign=""):
    return "" if math.isnan(row[name]) else f"{row[name]:{sign}.1f} ± {row[f'{name}_high'] - row[name]:.1f}"


def chosen(row):
    rate = {} if math.isnan(row["learning_rate"]) else {"rate": row["learning_rate"]}
    values = {**rate, **json.loads(row["settings"])}
    return ", ".join(f"{name} {value if isinstance(value, str) else f'{value:g}'}" for name, value in values.items())


SECTIONS = {
    "continual-domain": "## Equal memory, equal budgets",
    "continual-class": "## The same methods, all classes",
    "continual-permuted": "## The same methods, permuted inputs",
}


@pytest.mark.parametrize("study", SECTIONS)
def test_page_and_readme_have_the_numbers_of_the_studies_at_equal_memory(study):
    result = read_reproduction(ROOT / "benchmarks" / "reproduction" / study)
    choices = result.tables["search"].set_index("method").to_dict("index")
    assert len({choice["games"] for choice in choices.values()}) == 1
    readme = (ROOT / "README.md").read_text(encoding="utf-8") if study == "continual-domain" else ""
    section = PAGE.partition(SECTIONS[study])[2].partition("\n## ")[0]
    rows = result.tables["methods"].fillna({"note": ""}).to_dict("records")
    assert len(rows) == len(choices) >= 9
    for row in rows:
        numbers = [with_interval(row, "accuracy"), with_interval(row, "learning")]
        numbers += [with_interval(row, name, "+") for name in ("to_backprop", "to_context")]
        cells = [f"`{row['method']}`", *numbers, f"{row['megabytes']:.2f}", chosen(choices[row["method"]]), row["note"]]
        expected = " ".join(f"| {' | '.join(cells)} |".split())
        assert expected in " ".join(section.split()), expected
        if f"| `{row['method']}` |" in readme:
            assert f"| `{row['method']}` | {with_interval(row, 'accuracy')} |" in readme
    assert f"{result.records['seed'].nunique()} seeds" in section
    assert not readme or readme.count(" ± ") >= 6


@pytest.mark.parametrize(("study", "method", "other", "text"), [
    ("continual-class", "least-squares, random features", "er", "0.7 ± 1.7"),
    ("continual-class", "least-squares, random features", "der", "2.2 ± 1.6"),
    ("continual-class", "least-squares, random features", "joint", "-0.1 ± 1.3"),
    ("continual-class", "least-squares, random features", "gpm", "15.2 ± 2.0"),
    ("continual-permuted", "gpm", "keeping-promises(sign-symmetric)", "0.3 ± 0.3"),
    ("continual-permuted", "keeping-promises(sign-symmetric)", "backprop", "4.4 ± 0.9"),
])  # fmt: skip
def test_paired_differences_in_the_text_are_those_of_the_records(study, method, other, text):
    records = read_reproduction(ROOT / "benchmarks" / "reproduction" / study).records
    wide = records.pivot(index="seed", columns="method", values="accuracy")
    gap = wide[method] - wide[other]
    low, high = stats.t.interval(0.95, len(gap) - 1, gap.mean(), gap.sem())
    assert f"{gap.mean():.1f} ± {(high - low) / 2:.1f}" == text
    assert text in PAGE.partition(SECTIONS[study])[2].partition("\n## ")[0]
