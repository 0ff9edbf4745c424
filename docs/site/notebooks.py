"""Notebooks as pages: their text, code, and what they printed and drew when they were stored."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any


def to_markdown(file: Path) -> tuple[str, dict[str, bytes]]:
    """Return a notebook as Markdown, and its pictures by file name.

    The alternative text of a picture is the entry "alt" of its cell's metadata, or the titles in the code that draws it.
    """
    parts, pictures = [], {}
    for number, cell in enumerate(json.loads(file.read_text(encoding="utf-8"))["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for place, output in enumerate(cell["outputs"]):
            name = f"{file.stem}-{number}-{place}.png"
            parts.append(_output(output, name, alternative_text(cell)))
            if "image/png" in output.get("data", {}):
                pictures[name] = b64decode("".join(output["data"]["image/png"]))
    if parts and parts[0].startswith("# "):
        title, _, rest = parts[0].partition("\n")
        parts[0] = f"{title}\n\n{{download}}`The notebook <{file.name}>`, to run it yourself.\n{rest}"
    return "\n\n".join(part for part in parts if part) + "\n", pictures


def alternative_text(cell: dict[str, Any]) -> str:
    """Return what a cell's picture shows, in words."""
    given = cell.get("metadata", {}).get("alt")
    titles = re.findall(r"title=f?\"([^\"{]+)", "".join(cell["source"]))
    return str(given or "; ".join(titles))


def _output(output: dict[str, Any], picture: str, alternative: str) -> str:
    data = output.get("data", {})
    if "image/png" in data:
        return f"![{alternative}]({picture})"
    if "text/html" in data:
        return "".join(data["text/html"])
    text = "".join(output.get("text", data.get("text/plain", [])))
    return f"```text\n{text.rstrip()}\n```" if text.strip() else ""
