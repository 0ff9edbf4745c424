"""Timings as tables of Markdown, for docs/speed.md."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.rounds.growth import Point
from neuronet.benchmarking.api import Row


def tables(parts: dict[str, Sequence[Row]], points: Sequence[Point]) -> str:
    """Return a table for each part, and one for the growth."""
    texts = [f"## {title}\n\n{_compared(rows)}" for title, rows in parts.items() if rows]
    if points:
        texts.append(f"## Growth\n\n{_grown(points)}")
    return "\n\n".join(texts) + "\n"


def _compared(rows: Sequence[Row]) -> str:
    """Return a row for each contestant and a column for each case: fastest block, and its ratio to the reference."""
    cases = list(dict.fromkeys(row.case for row in rows))
    contestants = list(dict.fromkeys(row.contestant for row in rows))
    found = {(row.contestant, row.case): row for row in rows}
    lines = [["", *cases]]
    for contestant in contestants:
        cells = [found.get((contestant, case)) for case in cases]
        lines.append([contestant, *("" if row is None else f"{_time(row.minimum)} ({row.ratio:.2f})" for row in cells)])
    return _markdown_table(lines)


def _grown(points: Sequence[Point]) -> str:
    lines = [["what grows", "to", "round of", "least", "median"]]
    lines += [
        [f"{point.axis} ({point.fixed})", str(point.value), point.contestant, _time(point.minimum), _time(point.median)]
        for point in points
    ]
    return _markdown_table(lines)


def _time(seconds: float) -> str:
    return f"{1e6 * seconds:.3g} us" if seconds < 1e-3 else f"{1e3 * seconds:.3g} ms"


def _markdown_table(lines: list[list[str]]) -> str:
    rule = ["---"] * len(lines[0])
    return "\n".join(f"| {' | '.join(line)} |" for line in (lines[0], rule, *lines[1:]))
