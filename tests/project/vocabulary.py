"""Refuse retired words in code: `python -m tests.project.vocabulary` prints each place and exits with 1.

docs/vocabulary.md has the words that stay and the standard terms for all else.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.helpers.paths import ROOT

FOLDERS = ("neuronet", "policies", "environments", "tests", "examples", "benchmarks")

RETIRED = {
    "courier": "channel router",
    "rota": "scheduler",
    "sitting": "study runner",
    "deck": "replicated dataset",
    "crew": "executor",
    "meddl\\w*": "intervention",
    "wish(es|ed)?": "output feedback, options",
    "chameleon": "switchable policy",
    "colony": "evolving population",
    "lesson": "task info",
    "verdict": "loss function",
    "rivals?": "contestants",
    "contests": "suites",
    "ruin(s|ed)?": "diverged",
    "judge[ds]?|judging": "evaluate",
    "narrator": "log",
    "watcher": "on_progress",
    "followers": "policy group",
    "underway": "in flight",
    "societ(y|ies)": "population",
    "glimpse": "example observation",
    "shaken": "stochastic",
    "holdings": "attention holdings",
    "louder|loudness": "feedback scale",
    "whom|whoever|nobody|somebody|everybody|anybody": "the thing itself: neurons, listeners, an empty mask",
    "anew|alike|chancy|hearken|henceforth": "again, equal, random",
    "for want of|to no avail|on end|hang on": "plain words",
    "pace": "learning-rate factor",
    "chance(?! level)": "rng, random numbers",
}
"""Retired words, as regular expressions of whole words, and what to say instead."""

ALLOWED = ("attentionholdings", "attention holdings", "attention_holdings", "Pace and Barry")
"""Phrases within which a retired word is a standard term, a person's name, or a user's text."""

EXEMPT = (Path("tests/project/vocabulary.py"), Path("tests/project/test_vocabulary.py"))

_WORD = {re.compile(rf"\b({pattern})\b", re.IGNORECASE): instead for pattern, instead in RETIRED.items()}
_ANY_WORD = re.compile(rf"\b({'|'.join(RETIRED)})\b", re.IGNORECASE)


def split_words(line: str) -> str:
    """Return the line with snake_case and CamelCase taken apart into words."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", line).replace("_", " ")


def retired_words(line: str) -> Iterator[tuple[str, str]]:
    """Find the retired words of a line, each with what to say instead."""
    for phrase in ALLOWED:
        line = re.sub(re.escape(phrase), "", line, flags=re.IGNORECASE)
    words = split_words(line)
    for pattern, instead in _WORD.items():
        for match in pattern.finditer(words):
            yield match[0], instead


def findings() -> list[str]:
    """List every retired word in the code, as `file:line: word: say ...`."""
    found = []
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            path = file.relative_to(ROOT)
            if path in EXEMPT or any((ROOT / parent).is_symlink() for parent in path.parents):
                continue
            text = file.read_text(encoding="utf-8")
            if not _ANY_WORD.search(split_words(text)):
                continue
            for number, line in enumerate(text.splitlines(), start=1):
                found += [f"{path}:{number}: '{word}': say {instead}" for word, instead in retired_words(line)]
    return found


if __name__ == "__main__":
    FINDINGS = findings()
    print("\n".join(FINDINGS) or "No retired word is in use.")
    sys.exit(1 if FINDINGS else 0)
