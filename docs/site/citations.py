"""Citations in the code, and the entries of docs/bibliography.md that they must have."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from docs.site.navigation import DOCS, ROOT

FOLDERS = ("neuronet", "policies", "environments", "docs/site")

_NAME = r"(?:[Vv]on |[Vv]an de |[Vv]an |[Dd]e )?[A-Z][\w'-]+"
_AUTHORS = rf"(?P<first>{_NAME})(?:,? (?:and )?{_NAME}(?: \(?[A-Z]\.\)?)?|,)*(?: et al\.| and others)?"
_CITATION = re.compile(rf"\b(?:After )?{_AUTHORS},? \(?(?P<year>1[7-9]\d\d|20[0-4]\d)\b(?!\.\d)")
_ARXIV = re.compile(r"\barXiv[: ](\d{4}\.\d{4,5})")
_ENTRY = re.compile(r"^- \*\*(?P<authors>.+?) (?P<year>\d{4})\.\*\* ", re.MULTILINE)

NO_AUTHORS = frozenset({"After", "In", "MNIST", "Since", "Until"})
"""Capitalised words before a year that are no authors."""


@dataclass(frozen=True)
class Citation:
    """Source that a file names.

    Attributes:
        file: The file, relative to the repository.
        first: Surname of the first author, in lower case; "" for a number of arXiv.
        year: Year of the publication, or the number of arXiv.
    """

    file: str
    first: str
    year: str


@dataclass(frozen=True)
class Entry:
    """Entry of the bibliography.

    Attributes:
        first: Surname of the first author, in lower case.
        year: Year of the publication.
        text: The entry.
    """

    first: str
    year: str
    text: str


def citations() -> list[Citation]:
    """Return what the docstrings, texts and comments of the code cite, each source once a file."""
    found = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not any(parent.is_symlink() for parent in path.parents):
                name = path.relative_to(ROOT).as_posix()
                found += list(dict.fromkeys(_cited(name, " ".join(_prose(path.read_text(encoding="utf-8"))))))
    return found


def _prose(code: str) -> Iterator[str]:
    """Yield the texts and the comments of a module."""
    kinds = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type in kinds:
            yield " ".join(token.string.lstrip("#").split())


def _cited(file: str, text: str) -> Iterator[Citation]:
    for match in _CITATION.finditer(text):
        if match["first"] not in NO_AUTHORS:
            yield Citation(file, surname(match["first"]), match["year"])
    for match in _ARXIV.finditer(text):
        yield Citation(file, "", match[1])


def surname(name: str) -> str:
    """Return a surname in the form in which surnames are compared."""
    return name.lower().removesuffix("'s")


def entries_of(citation: Citation) -> list[Entry]:
    """Return the entries that a citation is of: by number, or by year and surname, whose later words a citation may leave out."""
    if not citation.first:
        return [entry for entry in entries() if f"arXiv {citation.year}" in entry.text]
    names = (citation.first, f"{citation.first} ")
    return [
        entry
        for entry in entries()
        if entry.year == citation.year and (entry.first == names[0] or entry.first.startswith(names[1]))
    ]


@cache
def entries() -> list[Entry]:
    """Return the entries of the bibliography."""
    text = (DOCS / "bibliography.md").read_text(encoding="utf-8")
    starts = list(_ENTRY.finditer(text))
    ends = [*(match.start() for match in starts[1:]), len(text)]
    return [
        Entry(
            surname(re.split(r",| and | et al", match["authors"])[0]), match["year"], " ".join(text[match.start() : end].split())
        )
        for match, end in zip(starts, ends, strict=True)
    ]
