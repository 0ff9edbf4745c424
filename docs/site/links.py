"""Links that work in the repository, made to work in the site."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from docs.site.navigation import DOCS, ROOT, page_file

PAGES_OUTSIDE = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
"""Files at the top of the repository that are pages of the site, too."""

_LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")
_FENCE = re.compile(r"(^ *```.*?^ *```[ \t]*$)", re.MULTILINE | re.DOTALL)


def rewrite(markdown: str, source: str, keep: Callable[[Path], str]) -> str:
    """Return a page with its links as the site has them.

    Args:
        markdown: The page.
        source: Its file, relative to the repository.
        keep: Takes a file outside of docs/ that a link leads to, and returns its address in the site.
    """
    parent = (ROOT / source).parent
    here = PurePosixPath(PAGES_OUTSIDE.get(source, source.removeprefix("docs/"))).parent

    def replaced(match: re.Match[str]) -> str:
        path = (parent / match[2]).resolve()
        if ":" in match[2] or not path.is_file():
            return match[0]  # elsewhere, or generated, or broken, which Sphinx reports
        return f"{match[1]}{'../' * len(here.parts)}{_address(path, keep)}{match[3] or ''}{match[4]}"

    parts = _FENCE.split(markdown)
    return "".join(part if part.lstrip().startswith("```") else _LINK.sub(replaced, part) for part in parts)


def _address(path: Path, keep: Callable[[Path], str]) -> str:
    """Return the address of a file of the repository in the site."""
    if path.is_relative_to(DOCS):
        return page_file(path.relative_to(DOCS).as_posix())
    return PAGES_OUTSIDE.get(path.relative_to(ROOT).as_posix()) or keep(path)
