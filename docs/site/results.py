"""Figures and tables of results in the pages, and the command beside each that makes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from docs.site.navigation import DOCS, ROOT

_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)", re.DOTALL)
_COMMAND = re.compile(r"((?:neuronet(?! ?\w*\.)|python(?:3)? (?:-m )?[\w./-]+|\./\w+\.sh)[^`\n]*)")
_MEASURED = re.compile(r"\d[.,]\d|±|\d ?%|<0\.001|\d of \d|\de-\d|\d \(\d|^\d+$")
"""What a cell with a measured number has."""


@dataclass(frozen=True)
class Result:
    """Figure or table of a page.

    Attributes:
        page: File name of the page.
        heading: Heading above it.
        what: Address of the picture, or the first row of the table.
        alternative: Alternative text of the picture; "" for a table.
        commands: Commands in its part of the page, the nearest first; where there is none, those of the parts above.
    """

    page: str
    heading: str
    what: str
    alternative: str
    commands: tuple[str, ...]


def results(page: str) -> Iterator[Result]:
    """Yield the pictures and the tables with measured numbers of README.md or a page of docs/."""
    above: list[str] = []
    file = (ROOT if page == "README.md" else DOCS) / page
    for heading, text in _parts(file.read_text(encoding="utf-8")):
        prose = re.sub(r"^```(?:python|text|toml|json).*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
        places = [(match.start(), match[1].strip()) for match in _COMMAND.finditer(prose) if _is_code(prose, match.start())]
        found = [(match.start(), match[2], match[1]) for match in _PICTURE.finditer(prose)]
        found += [(start, head, "") for start, head in _tables(prose)]
        for start, what, alternative in sorted(found):
            nearest = sorted(places, key=lambda place: abs(place[0] - start))
            yield Result(page, heading, what, alternative, tuple(command for _, command in nearest) or tuple(above))
        above = [*(command for _, command in reversed(places)), *above]


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a page between headings of the first and the second level, outside of code."""
    lines: list[str] = []
    heading, fenced = "", False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith("```")
        if not fenced and re.match(r"#{1,2} ", line):
            yield heading, "\n".join(lines)
            heading, lines = line.lstrip("# "), []
        lines.append(line)
    yield heading, "\n".join(lines)


def _is_code(text: str, start: int) -> bool:
    """Return whether a place is within backticks or a fenced block."""
    return text[:start].count("`") % 2 == 1 or bool(re.search(r"^```\w+\n(?:(?!^```).*\n)*(?:\$ )?$", text[:start], re.MULTILINE))


def _tables(text: str) -> Iterator[tuple[int, str]]:
    """Yield the place and the first row of each table whose cells are mostly measured numbers."""
    for match in re.finditer(r"(?:^ *\|.*\n?)+", text, re.MULTILINE):
        rows = [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in match[0].splitlines()]
        cells = [cell for row in rows[2:] for cell in row[1:] if cell]
        if cells and sum(bool(_MEASURED.search(cell)) and "`" not in cell for cell in cells) > len(cells) / 3:
            yield match.start(), " | ".join(rows[0])
