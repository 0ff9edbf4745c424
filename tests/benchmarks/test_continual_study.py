"""The numbers in docs/continual-study.md and README.md equal those of the studies' records."""

import json
import math
import re
from functools import cache

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


def rows_of(study, setting):
    """Return the records of one setting of a study."""
    records = study_of(study).records
    return records[records["setting"] == setting]


def paired_difference(records, method, other):
    """Return the mean difference of two methods' final accuracies with its interval, in points, as the page prints them."""
    wide = records.pivot(index="seed", columns="method", values="accuracy")
    gap = wide[method] - wide[other]
    low, high = stats.t.interval(0.95, len(gap) - 1, gap.mean(), gap.sem())
    return f"{gap.mean():.1f} ± {(high - low) / 2:.1f}"


SECTIONS = {
    "continual-domain": "## Equal memory, equal budgets",
    "continual-class": "## The same methods, all classes",
    "continual-permuted": "## The same methods, permuted inputs",
}
README = (ROOT / "README.md").read_text(encoding="utf-8")


@cache
def study_of(name):
    return read_reproduction(ROOT / "benchmarks" / "reproduction" / name)


def section_of(study):
    return PAGE.partition(SECTIONS[study])[2].partition("\n## ")[0]


@pytest.mark.parametrize("study", SECTIONS)
def test_page_has_the_numbers_of_the_studies_at_equal_memory(study):
    result, section = study_of(study), section_of(study)
    choices = result.tables["search"].set_index("method").to_dict("index")
    rows = result.tables["methods"].fillna({"note": ""}).to_dict("records")
    assert len(rows) == len(choices) == 18
    for row in rows:
        numbers = [with_interval(row, "accuracy"), with_interval(row, "learning")]
        numbers += [with_interval(row, name, "+") for name in ("to_backprop", "to_context")]
        cells = [f"`{row['method']}`", *numbers, f"{row['megabytes']:.2f}", chosen(choices[row["method"]]), row["note"]]
        expected = " ".join(f"| {' | '.join(cells)} |".split())
        assert expected in " ".join(section.split()), expected
    assert f"{result.records['seed'].nunique()} seeds" in section


@pytest.mark.parametrize("study", SECTIONS)
def test_budgets_of_tuning_are_equal(study):
    games = study_of(study).records.groupby("method")["games"].first()
    assert games.nunique() == 1
    assert f"{games.iloc[0]} games of tuning" in (PAGE if study == "continual-domain" else README)


def test_readme_has_the_numbers_of_the_studies_at_equal_memory():
    tables = [study_of(study).tables["methods"].set_index("method", drop=False) for study in SECTIONS]
    rows = [line for line in README.splitlines() if line.startswith("| `") and " ± " in line]
    assert len(rows) >= 7
    for line in rows:
        method = line.split("`")[1]
        cells = [with_interval(table.loc[method], "accuracy") for table in tables]
        assert line == f"| `{method}` | {' | '.join(cells)} |"


BY_CONTEXT, PATCHES = "least-squares by context", "least-squares by context, patches"
KEEPING, SIGNS, BUDGETED = "keeping-promises", "keeping-promises(sign-symmetric)", "keeping-promises(budgeted)"
OVER_KEEPING = "least-squares over keeping-promises(clipped)"


@pytest.mark.parametrize("study", SECTIONS)
def test_every_method_is_tuned(study):
    records = study_of(study).records
    assert not (records["at_edge"] | records["diverged"]).any()


@pytest.mark.parametrize(("study", "method", "other", "text"), [
    ("continual-domain", BY_CONTEXT, "ridge", "0.0 ± 0.3"),
    ("continual-domain", BY_CONTEXT, "gpm", "4.2 ± 0.8"),
    ("continual-domain", "der", BY_CONTEXT, "2.2 ± 0.5"),
    ("continual-domain", PATCHES, "ridge", "0.6 ± 1.3"),
    ("continual-domain", KEEPING, "backprop", "3.0 ± 0.9"),
    ("continual-domain", SIGNS, "backprop", "4.4 ± 0.9"),
    ("continual-domain", "owm", KEEPING, "0.2 ± 0.8"),
    ("continual-domain", "gpm", KEEPING, "1.6 ± 0.6"),
    ("continual-domain", "gpm", SIGNS, "0.2 ± 0.7"),
    ("continual-domain", "si", "backprop", "0.0 ± 0.3"),
    ("continual-class", BY_CONTEXT, "er", "0.4 ± 0.5"),
    ("continual-class", BY_CONTEXT, "der", "1.1 ± 0.3"),
    ("continual-class", PATCHES, "er", "2.3 ± 1.0"),
    ("continual-class", PATCHES, "der", "3.0 ± 1.0"),
    ("continual-class", BY_CONTEXT, "joint", "1.1 ± 3.5"),
    ("continual-class", BY_CONTEXT, "ridge", "-0.1 ± 0.4"),
    ("continual-class", PATCHES, "ridge", "1.8 ± 0.9"),
    ("continual-class", KEEPING, "backprop", "28.5 ± 3.1"),
    ("continual-class", "owm", KEEPING, "0.3 ± 1.3"),
    ("continual-class", "gpm", KEEPING, "3.0 ± 1.0"),
    ("continual-class", KEEPING, SIGNS, "1.0 ± 1.0"),
    ("continual-class", KEEPING, BUDGETED, "14.3 ± 3.6"),
    ("continual-permuted", BY_CONTEXT, "der", "2.6 ± 0.3"),
    ("continual-permuted", BY_CONTEXT, "er", "3.4 ± 0.3"),
    ("continual-permuted", BY_CONTEXT, "joint", "3.5 ± 0.3"),
    ("continual-permuted", BY_CONTEXT, "owm", "3.4 ± 0.2"),
    ("continual-permuted", BY_CONTEXT, "ridge", "11.4 ± 0.2"),
    ("continual-permuted", "ridge", "backprop", "-0.5 ± 0.4"),
    ("continual-permuted", BY_CONTEXT, PATCHES, "1.3 ± 0.7"),
    ("continual-permuted", PATCHES, "der", "1.3 ± 0.9"),
    ("continual-permuted", KEEPING, "backprop", "6.1 ± 0.3"),
    ("continual-permuted", "owm", KEEPING, "1.5 ± 0.2"),
    ("continual-permuted", "gpm", KEEPING, "0.6 ± 0.3"),
    ("continual-permuted", SIGNS, KEEPING, "-0.2 ± 0.2"),
    ("continual-permuted", KEEPING, BUDGETED, "3.2 ± 0.2"),
    ("continual-domain", OVER_KEEPING, KEEPING, "3.1 ± 0.6"),
    ("continual-domain", OVER_KEEPING, "gpm", "1.5 ± 0.7"),
    ("continual-domain", BY_CONTEXT, OVER_KEEPING, "2.6 ± 0.6"),
    ("continual-class", OVER_KEEPING, KEEPING, "7.2 ± 1.8"),
    ("continual-class", OVER_KEEPING, "gpm", "4.2 ± 1.3"),
    ("continual-class", "ridge", OVER_KEEPING, "10.9 ± 0.8"),
    ("continual-permuted", KEEPING, OVER_KEEPING, "1.1 ± 0.3"),
    ("continual-permuted", OVER_KEEPING, "ridge", "5.5 ± 0.3"),
])  # fmt: skip
def test_paired_differences_in_the_text_are_those_of_the_records(study, method, other, text):
    assert paired_difference(study_of(study).records, method, other) == text
    assert text in section_of(study)


@pytest.mark.parametrize(("method", "other", "text"), [
    (KEEPING, "ridge", "5.8 ± 0.8"),
    (KEEPING, "backprop", "7.0 ± 0.5"),
    ("er", KEEPING, "4.5 ± 1.8"),
    ("backprop", BY_CONTEXT, "5.6 ± 1.2"),
])  # fmt: skip
def test_paired_differences_of_the_stream_are_those_of_the_records(method, other, text):
    assert paired_difference(study_of("continual-stream").records, method, other) == text
    assert text in PAGE.partition("## Fifty permutations")[2].partition("\n## ")[0]


@pytest.mark.parametrize(("setting", "method", "other", "text"), [
    ("split-domain", "LeNet, budgeted", "LeNet", "2.5 ± 5.5"),
    ("split-domain", "LeNet, sign-symmetric", "LeNet", "-1.4 ± 4.0"),
    ("split-domain", "LeNet", "backprop", "-7.2 ± 6.6"),
    ("split-class", "LeNet", "backprop", "-21.4 ± 3.9"),
])  # fmt: skip
def test_paired_differences_of_convolutions_are_those_of_the_records(setting, method, other, text):
    assert paired_difference(rows_of("continual-lenet", setting), method, other) == text
    assert text in PAGE.partition("## Convolutions")[2].partition("\n## ")[0]


@pytest.mark.parametrize(("setting", "method", "other", "text"), [
    ("rotated", BY_CONTEXT, "ridge", "0.1 ± 0.4"),
    ("rotated", "ridge", "owm", "4.4 ± 3.4"),
    ("rotated", BY_CONTEXT, "owm", "4.5 ± 3.1"),
    ("rotated", "er", "ridge", "4.7 ± 0.9"),
    ("letter", "ridge", KEEPING, "12.3 ± 0.4"),
    ("letter", "ridge", "er", "2.4 ± 1.5"),
    ("gradual", "gpm", KEEPING, "2.2 ± 1.0"),
    ("gradual", KEEPING, "backprop", "5.4 ± 0.6"),
    ("gradual", KEEPING, "owm", "0.1 ± 0.8"),
    ("gradual", "ridge", "backprop", "0.5 ± 0.6"),
    ("gradual", "er", "gpm", "1.7 ± 0.7"),
])  # fmt: skip
def test_paired_differences_of_the_other_protocols_are_those_of_the_records(setting, method, other, text):
    assert paired_difference(rows_of("continual-others", setting), method, other) == text
    assert text in PAGE.partition("## Rotations, drift, letters")[2].partition("\n## ")[0]


def test_search_of_the_drifting_stream_had_no_small_surprise_with_a_small_penalty():
    trials = pd.read_csv(ROOT / "benchmarks" / "reproduction" / "continual-others" / "tuning.csv")
    own = trials[(trials["setting"] == "gradual") & trials["policy"].str.contains("by-context")]["settings"].map(json.loads)
    assert len(own) == 10
    assert not any(each["surprise"] < 10 and each["penalty"] < 300 for each in own)


@pytest.mark.parametrize(("study", "surprise", "text"), [
    ("continual-domain", 4.2, "83%"), ("continual-class", 4.2, "69%"), ("continual-permuted", 4.2, "89%"),
    ("continual-domain", 32, "91%"), ("continual-class", 32, "92%"), ("continual-permuted", 32, "77%"),
])  # fmt: skip
def test_cost_of_another_surprise_is_that_of_the_trials(study, surprise, text):
    """Best validation accuracy of two tuning seeds among the trials with a surprise."""
    trials = pd.read_csv(ROOT / "benchmarks" / "reproduction" / study / "tuning.csv")
    own = trials[trials["policy"].str.contains("by-context") & ~trials["policy"].str.contains("patches")]
    values = own["settings"].map(json.loads)
    means = own[(values.map(lambda each: each.get("surprise")) == surprise) & (own["wave"] < own["wave"].max())]
    best = means.groupby("settings")["final"].mean().max()
    assert f"{100 * best:.0f}%" == text
    assert text in PAGE.partition("## What was tried")[2].partition("\n## ")[0]


OTHER_SECTIONS = {
    "continual-stream": "## Fifty permutations",
    "continual-lenet": "## Convolutions",
    "continual-others": "## Rotations, drift, letters",
}


@pytest.mark.parametrize("study", OTHER_SECTIONS)
def test_page_has_the_numbers_of_the_smaller_studies(study):
    section = PAGE.partition(OTHER_SECTIONS[study])[2].partition("\n## ")[0]
    result = study_of(study)
    choices = result.tables["search"].set_index(["setting", "method"]).to_dict("index")
    for row in result.tables["methods"].fillna({"note": ""}).to_dict("records"):
        part = section.partition(f"| `{row['setting']}` |")[2].partition("\n\n")[0]
        numbers = [with_interval(row, "accuracy"), with_interval(row, "learning")]
        numbers += [with_interval(row, name, "+") for name in ("to_backprop", "to_context")]
        cells = [f"`{row['method']}`", *numbers, chosen(choices[row["setting"], row["method"]]) + (" *" if row["note"] else "")]
        expected = " ".join(f"| {' | '.join(cells)} |".split())
        assert expected in " ".join(part.split()), expected


def test_page_has_the_numbers_of_the_study_by_memory():
    section = PAGE.partition("## Less and more memory")[2].partition("\n## ")[0]
    table = study_of("continual-memory").tables["methods"].fillna({"note": ""})
    table["scenario"] = table["setting"].str.partition(", ")[0]
    for (scenario, method), part in table.groupby(["scenario", "method"], sort=False):
        own = section.partition(f"| `{scenario}` |")[2].partition("\n\n")[0]
        cells = [with_interval(row, "accuracy") + (" *" if row["note"] else "") for row in part.to_dict("records")]
        assert f"| `{method}` | {' | '.join(cells)} |" in own


@pytest.mark.parametrize(("setting", "method", "other", "text"), [
    ("split-class, 1 MB", PATCHES, "ridge", "1.9 ± 0.6"),
    ("split-class, 2 MB", PATCHES, "ridge", "2.9 ± 0.5"),
    ("split-class, 1 MB", PATCHES, "er", "2.2 ± 0.8"),
    ("split-class, 4 MB", PATCHES, "er", "3.1 ± 0.8"),
    ("split-class, 1 MB", PATCHES, "der", "3.3 ± 0.8"),
    ("split-class, 4 MB", PATCHES, "der", "5.1 ± 0.5"),
    ("split-domain, 4 MB", "der", "ridge", "1.6 ± 0.8"),
    ("split-domain, 1 MB", "der", "ridge", "2.8 ± 1.3"),
    ("split-domain, 4 MB", PATCHES, "ridge", "1.0 ± 0.5"),
])  # fmt: skip
def test_paired_differences_by_memory_are_those_of_the_records(setting, method, other, text):
    assert paired_difference(rows_of("continual-memory", setting), method, other) == text
    assert text in PAGE.partition("## Less and more memory")[2].partition("\n## ")[0]


def test_text_on_memory_says_what_the_records_say():
    section = " ".join(PAGE.partition("## Less and more memory")[2].partition("\n## ")[0].split())
    records = study_of("continual-memory").records
    assert not (records["at_edge"] | records["diverged"]).any()
    assert set(records["games"]) == {40, 48}
    means = records.pivot_table(index="method", columns="setting", values="accuracy")
    domain, classes = (means[f"{split}, 4 MB"] - means[f"{split}, 0.5 MB"] for split in ("split-domain", "split-class"))
    assert (
        f"`ridge` gains {domain['ridge']:.1f} and {classes['ridge']:.1f} points, ER in `split-class` {classes['er']:.1f}."
        in section
    )
    by_class = means.filter(like="split-class").drop(index=PATCHES)
    assert (by_class.max() < means.loc[PATCHES, by_class.columns]).all()
    assert (means.loc[PATCHES, by_class.columns[:3]].to_numpy() > means.loc["ridge", by_class.columns[1:]].to_numpy()).all()
    assert (means.filter(like="split-domain").iloc[:, 1:].idxmax() == "der").all()
    for megabytes in ("0.5", "1", "4"):
        column = means[f"split-domain, {megabytes} MB"]
        assert column["ridge"] < column[PATCHES] < column["der"]
    assert (means.loc[BY_CONTEXT] - means.loc["ridge"]).abs().max() < 1
    assert means.loc["a-gem"].filter(like="split-domain").max() - means.loc["a-gem"].filter(like="split-domain").min() < 0.5
    kept = records[records["method"].isin([BY_CONTEXT, PATCHES]) & records["setting"].str.startswith("split-domain")]
    allowed = 1e6 * kept["setting"].str.extract(r"([\d.]+) MB")[0].astype(float)
    less = 100 * (1 - kept["bytes"] / allowed)
    assert f"keep {less.min():.0f} to {less.max():.0f}% less" in section
    final = records.set_index(["setting", "method", "seed"])["accuracy"].sort_index()
    for setting, method, seed in (("split-domain, 2 MB", PATCHES, 206), ("split-domain, 4 MB", "er", 208)):
        runs = final.loc[setting, method]
        assert runs.idxmin() == seed
        assert f"{runs.min():.1f}%" in section
        assert f"{runs.drop(seed).mean():.1f}%" in section


def test_published_table_has_the_numbers_of_its_records():
    page = (ROOT / "docs" / "continual-learning.md").read_text(encoding="utf-8")
    table = study_of("published-forgetting").tables["methods"]
    for method, part in table.groupby("method", sort=False):
        cells = [with_interval(row, "accuracy") for row in part.to_dict("records")]
        assert re.search(rf"\| {method}: `[a-z]+` \| {re.escape(' | '.join(cells))} \|", page), method
