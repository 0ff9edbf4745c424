"""The page "Beside published numbers": `python -m docs.site.published` writes it to docs/ from the records in benchmarks/."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from docs.site.navigation import DOCS, ROOT
from docs.site.published_tables import PUBLISHED_TABLES, PublishedTable
from neuronet.core import NeuroNetError
from neuronet.reproduction import REPRODUCTIONS, Finding, read_reproduction

RECORDS = Path("benchmarks") / "reproduction"
ERRORS = RECORDS / "feedback-rules" / "errors.csv"
PUBLISHED_EPOCHS = 100

INTRODUCTION = """\
# Beside published numbers

Figures of the literature beside those of this repository. `python -m docs.site.published` writes this page from the records
in `benchmarks/`; a test fails where the two differ. A verdict is read off the interval alone: *reproduced* if the published
figure is in the 95% interval, *same direction* or *the opposite* by the sign, *undecided* without an interval. Where a published
difference is within 1.96 of its standard errors from 0, none was published, and finding none reproduces it.

`neuronet reproduce --list` has every study, its sizes and its settings.
"""


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join([INTRODUCTION, *_findings(), *_feedback_rules(), *map(_table, PUBLISHED_TABLES)])


def _findings() -> Iterator[str]:
    """Yield a part for each reproduction whose records are in benchmarks/ and whose findings have published figures."""
    for folder in sorted(path.parent for path in (ROOT / RECORDS).glob("*/study.json")):
        try:
            result = read_reproduction(folder)
        except NeuroNetError:
            continue  # a part of a study only
        found = [finding for finding in result.findings if finding.published]
        if not found:
            continue
        rows = [
            f"| {one.setting} | {one.claim} | {one.published} | {one.value:+.1f} | {one.low:+.1f} to {one.high:+.1f} "
            f"| {one.conclusion} |"
            for one in found
        ]
        yield "\n".join(
            [
                f"## {result.study.title}\n",
                f"Published: {found[0].source}. Ours: size `{result.size}`, in points, with {_seeds(found)}.\n",
                f"```sh\nneuronet reproduce --records {folder.relative_to(ROOT)}\n```\n",
                "| setting | claim | published | ours | 95% interval | verdict |\n|---|---|---|---|---|---|",
                *rows,
                "",
            ]
        )


def _seeds(findings: list[Finding]) -> str:
    counts = sorted({finding.seeds for finding in findings})
    return f"{counts[0]} seeds" if len(counts) == 1 else f"{counts[0]} to {counts[-1]} seeds"


def _feedback_rules() -> Iterator[str]:
    """Yield the part on feedback rules, of runs that are parts of the registered study."""
    from neuronet.reproduction.feedback_rules import PUBLISHED, SOURCE

    errors = pd.read_csv(ROOT / ERRORS)
    rows = []
    for rule, published in PUBLISHED["fashion-mnist"].items():
        of_rule = errors[errors["rule"] == rule]
        for epochs in sorted(of_rule["epochs"].unique(), reverse=True):
            best = of_rule[of_rule["epochs"] == epochs].groupby(["learning_rate", "seed"])["error"].min()
            by_rate = best.groupby("learning_rate").mean()
            rate = by_rate.idxmin()
            seeds = best.loc[rate]
            spread = "one seed" if len(seeds) == 1 else f"{seeds.min():.2f} to {seeds.max():.2f}, {len(seeds)} seeds"
            verdict = (
                _error_verdict(float(by_rate.min()), published) if epochs == PUBLISHED_EPOCHS else "no verdict: shorter training"
            )
            rows.append(
                f"| {rule} | {published:.2f} | {by_rate.min():.2f} | {spread} | {epochs} of {PUBLISHED_EPOCHS} | {verdict} |"
            )
    absent = ", ".join(f"{rule} {value:g}" for rule, value in PUBLISHED["mnist"].items())
    yield "\n".join(
        [
            f"## {REPRODUCTIONS['feedback-rules'].title}\n",
            f"Published: {SOURCE}, one seed. Test error in % of the best epoch on Fashion-MNIST. Ours: at the best of the rates\n"
            "tried; ranges go from the least to the largest seed.\n",
            f"```sh\npython benchmarks/lenet.py {ERRORS}\n```\n",
            "| rule | published | ours | range | epochs | verdict |\n|---|---|---|---|---|---|",
            *rows,
            "",
            f"MNIST ({absent}): not run here: needs MNIST. With its files: `neuronet reproduce feedback-rules --size full`.\n",
        ]
    )


def _error_verdict(ours: float, published: float) -> str:
    """Return what single seeds can say."""
    return f"{ours - published:+.2f} points; undecided with one seed"


def _table(table: PublishedTable) -> str:
    head = ["", *table.columns, "ours"]
    rows = [f"| {name} | {' | '.join(figures)} | not run here |" for name, figures in table.rows.items()]
    how = f"With its files, and the like for the other columns:\n\n```sh\n{table.command}\n```\n" if table.command else ""
    lines = [f"## {table.title}\n", f"Published: {table.source}; {table.unit}.\n"]
    lines += [f"| {' | '.join(head)} |\n|{'---|' * len(head)}", *rows, "", f"Ours: {table.reason}. {how}".strip(), ""]
    return "\n".join(lines)


def main() -> int:
    """Write the page."""
    (DOCS / "published-numbers.md").write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
