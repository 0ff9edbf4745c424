"""Small pieces of Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from docs.site.reference.doors import PublicName


def cell(text: str) -> str:
    """Return a text as the cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; a cell may hold Markdown, but no bare "|"."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines) + "\n"


def python_role(one: PublicName) -> str:
    """Return a link to the description of a public name."""
    return f"{{py:obj}}`{one.name} <{one.path}>`"


_LITERAL = re.compile(r"(``.+?``|`[^`]+`)")


def escape_docstring(line: str) -> str:
    """Return a line of a docstring, where backticks are the only markup, for reStructuredText."""
    parts = _LITERAL.split(line)
    special = r"(?<!\\)([*|]|(?<=\w)_(?=\W|$))"
    return "".join(part if part.startswith("`") else re.sub(special, r"\\\1", part) for part in parts)
