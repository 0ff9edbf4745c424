"""`python -m docs.site [FOLDER]`: build the site, strictly, into build/site or another folder, and check it."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.cmd.build import build_main

from docs.site.check import findings
from docs.site.navigation import ROOT
from docs.site.sources import sources


def prepare(folder: Path) -> None:
    """Write the sources of the site to a folder; files that are as they should be are not touched, others are removed."""
    kept = set()
    for name, content in sources():
        path, data = folder / name, content.encode() if isinstance(content, str) else content
        kept.add(path)
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    for path in folder.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()


def main(target: Path) -> int:
    """Build and check the site, and return the exit status: 0 if there was no warning and no finding."""
    source, doctrees = target.with_name(f"{target.name}-source"), target.with_name(f"{target.name}-doctrees")
    prepare(source)
    options = ["-b", "html", "-a", "-q", "-j", "2", "-W", "--keep-going", "-c", str(Path(__file__).parent), "-d", str(doctrees)]
    status = build_main([*options, str(source), str(target)])
    found = findings(target)
    print("\n".join(found) or f"The site is in {target / 'index.html'}.")
    return status or int(bool(found))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "build" / "site"))
