"""The sources of the site: pages of docs/, pages at the top of the repository, notebooks, and pages that are generated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from docs.site import links, notebooks
from docs.site.navigation import DOCS, ROOT, navigation, page_file, toctree
from docs.site.reference import commands, examples, plug_ins, python_names

NOT_COPIED = frozenset({".py", ".pyc", ".md"})
BUILDER = DOCS / "site"


def found_pages() -> list[str]:
    """Return the pages and notebooks of docs/, relative to it."""
    return sorted(path.relative_to(DOCS).as_posix() for pattern in ("*.md", "*/*.md", "*/*.ipynb") for path in DOCS.glob(pattern))


def generated() -> dict[str, str]:
    """Return the Markdown of every page of the reference that is generated, by its name in the site."""
    found: dict[str, str] = {}
    for part in (commands, plug_ins, python_names):
        pages = part.pages()
        first, *others = pages
        pages[first] += "\n" + toctree([f"reference/{name}" for name in others])
        found |= pages
    return {f"reference/{name}": text for name, text in {**found, **examples.pages()}.items()}


def sources() -> Iterator[tuple[str, str | bytes]]:
    """Yield the name and the content of every file that Sphinx reads."""
    linked: dict[str, Path] = {}

    def keep(path: Path) -> str:
        """Remember a file outside of docs/, and return its address in the site."""
        address = f"files/{path.relative_to(ROOT).as_posix()}"
        linked[address] = path
        return address

    for name, made in links.PAGES_OUTSIDE.items():
        text = links.rewrite((ROOT / name).read_text(encoding="utf-8"), name, keep)
        yield made, text + (_contents() if made == "index.md" else "")
    for name in found_pages():
        if name.endswith(".md"):
            yield name, links.rewrite((DOCS / name).read_text(encoding="utf-8"), f"docs/{name}", keep)
            continue
        text, pictures = notebooks.to_markdown(DOCS / name)
        yield page_file(name), links.rewrite(text, f"docs/{name}", keep)
        yield from ((str(Path(name).with_name(picture)), content) for picture, content in pictures.items())
    yield from generated().items()
    for path in sorted(DOCS.rglob("*")):
        if path.is_file() and path.suffix not in NOT_COPIED and not path.is_relative_to(BUILDER):
            yield path.relative_to(DOCS).as_posix(), path.read_bytes()
    yield from ((address, path.read_bytes()) for address, path in linked.items())


def _contents() -> str:
    return "\n" + "\n".join(toctree(pages, title) for title, pages in navigation(found_pages()).items())
