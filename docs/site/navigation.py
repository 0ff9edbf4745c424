"""The order of the pages. A page or notebook in docs/ that has no place here comes last in the section OTHERS by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

OTHERS = "How to run and measure"
"""Section of the pages that have no place."""

SECTIONS: dict[str, tuple[str, ...]] = {
    "Tutorials": (
        "quickstart.md",
        "notebooks/a_week_in_the_life_of_a_neuron.ipynb",
        "notebooks/invent_a_rule.ipynb",
        "notebooks/a_game_of_neurons.ipynb",
        "notebooks/who_forgets.ipynb",
    ),
    "How-to guides": ("questions.md", "troubleshooting.md", "modellers.md", "lab.md"),
    "How to build a network": (
        "policies.md",
        "add-a-policy.md",
        "populations.md",
        "environments.md",
        "add-an-environment.md",
        "sparse-networks.md",
        "channels.md",
        "update-schedules.md",
    ),
    OTHERS: (
        "compare.md",
        "sweeps.md",
        "interventions.md",
        "traces.md",
        "plotting.md",
        "callbacks.md",
        "devices.md",
    ),
    "How to study": ("games.md", "continual-learning.md", "control.md"),
    "How to use it elsewhere": ("models.md", "scikit-learn.md", "convert.md"),
    "Reference": (
        "reference/commands.md",
        "reference/plug-ins.md",
        "reference/python.md",
        "specs.md",
        "file-formats.md",
        "reference/examples.md",
    ),
    "Explanation": ("theory.md", "architecture.md", "randomness.md", "parity.md", "speed.md", "decisions.md"),
    "Results": ("gallery.md", "results.md", "published-numbers.md", "attention-budget.md", "continual-study.md"),
    "Project": ("vocabulary.md", "bibliography.md", "changelog.md", "contributing.md"),
}
"""Pages of docs/ and pages that are generated, by section."""


def navigation(pages: Sequence[str]) -> dict[str, list[str]]:
    """Return the pages of each section.

    Args:
        pages: Pages and notebooks of docs/, relative to it; those that have no place come last in the section OTHERS.
    """
    placed = {page for section in SECTIONS.values() for page in section}
    others = [page for page in pages if page not in placed]
    return {title: [*members, *(others if title == OTHERS else [])] for title, members in SECTIONS.items()}


def page_file(page: str) -> str:
    """Return the name of the Markdown file of a page or a notebook."""
    return page.removesuffix(".ipynb") + ".md" if page.endswith(".ipynb") else page


def toctree(pages: Sequence[str], caption: str = "", *, hidden: bool = True) -> str:
    """Return the directive that puts pages below the page where it stands."""
    options = [*([f":caption: {caption}"] if caption else []), *([":hidden:"] if hidden else []), ":maxdepth: 1"]
    return "\n".join(["```{toctree}", *options, "", *(f"/{page_file(page).removesuffix('.md')}" for page in pages), "```", ""])
