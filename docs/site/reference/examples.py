"""The page of the examples: every script in examples/, by its docstring and its code."""

from __future__ import annotations

import ast

from docs.site.navigation import ROOT


def pages() -> dict[str, str]:
    """Return the Markdown of the page."""
    parts = ["# Examples\n\nScripts of `examples/`, each of which runs as a test: `python examples/NAME.py`.\n"]
    for file in sorted((ROOT / "examples").glob("*.py")):
        code = file.read_text(encoding="utf-8")
        first = (ast.get_docstring(ast.parse(code)) or "").split("\n\n")[0]
        parts.append(f"## {file.name}\n\n{first}\n\n```python\n{code.strip()}\n```\n")
    return {"examples.md": "\n".join(parts)}
