"""Checks of a built site: links, anchors, pictures, what is loaded from elsewhere, and what the reference lacks."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from docs.site.reference.doors import public_names
from docs.site.reference.plug_ins import anchor, registries

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}
"""Attributes whose address a browser loads by itself."""


@dataclass
class Page(HTMLParser):
    """What the checks need of a page.

    Attributes:
        ids: Anchors.
        links: Addresses of links.
        loaded: Addresses of what a browser loads.
        pictures: Address and alternative text of each picture of the content.
    """

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    pictures: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def __hash__(self) -> int:
        return id(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note anchors, links, what is loaded, and pictures."""
        found = {name: value or "" for name, value in attrs}
        self.ids.update(found[name] for name in ("id", "name") if name in found and (name == "id" or tag == "a"))
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in LOADED and LOADED[tag] in found:
            self.loaded.append(found[LOADED[tag]])
        if tag == "link" and found.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(found.get("href", ""))
        if tag == "img":
            self.pictures.append((found.get("src", ""), found.get("alt", "")))


def read(folder: Path) -> dict[str, Page]:
    """Return the pages of a site by their addresses in it."""
    pages = {}
    for path in sorted(folder.rglob("*.html")):
        page = Page()
        page.feed(path.read_text(encoding="utf-8"))
        pages[path.relative_to(folder).as_posix()] = page
    return pages


def findings(folder: Path) -> list[str]:
    """Return a sentence for everything that is wrong with a built site."""
    pages = read(folder)
    return [*_links(folder, pages), *_loaded(folder, pages), *_pictures(pages), *_absent(pages)]


def _links(folder: Path, pages: dict[str, Page]) -> Iterator[str]:
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path))) if parts.path else name
            if target.startswith("..") or not (folder / target).exists():
                yield f"{name}: the link '{link}' leads to no file"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
                yield f"{name}: the link '{link}' leads to no anchor"


def _loaded(folder: Path, pages: dict[str, Page]) -> Iterator[str]:
    for name, page in pages.items():
        for address in page.loaded:
            parts = urlsplit(address)
            if parts.scheme == "data":
                continue
            if parts.scheme or parts.netloc:
                yield f"{name}: '{address}' is loaded from the network"
            elif not (folder / name).parent.joinpath(unquote(parts.path)).exists():
                yield f"{name}: '{address}' does not exist"


def _pictures(pages: dict[str, Page]) -> Iterator[str]:
    for name, page in pages.items():
        yield from (
            f"{name}: the picture '{source}' has no alternative text" for source, text in page.pictures if not text.strip()
        )


def _absent(pages: dict[str, Page]) -> Iterator[str]:
    """Yield public names and plug-ins that no page of the reference describes."""
    ids = set().union(*(page.ids for name, page in pages.items() if name.startswith("reference/python")), set())
    yield from (f"the reference lacks the public name {one.path}" for one in public_names() if one.path not in ids)
    for registry in registries():
        page = pages.get(f"reference/plug-ins-{registry.slug}.html", Page())
        absent = [name for name in registry.entries if anchor(registry, name) not in page.ids]
        yield from (f"the reference lacks '{name}' of {registry.path}" for name in absent)
