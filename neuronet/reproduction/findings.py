"""Findings: what a study measured, beside what was published, with a conclusion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.statistics import holm, paired

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Published:
    """Published figure.

    Attributes:
        value: The figure, in the unit of the finding.
        text: The figure as it was published, such as "76.0 against 73.6".
        source: Where it was read.
    """

    value: float
    text: str
    source: str


@dataclass(frozen=True)
class Finding:
    """Measured difference beside a published one.

    Attributes:
        setting: Name of the setting in which it was measured.
        claim: What was measured, in words.
        value: Mean over the seeds, in points: hundredths of the samples.
        low: Lower bound of its 95% interval; nan for a single seed.
        high: Upper bound.
        seeds: Number of seeds.
        p: p-value of Student's paired t-test; with Holm's correction for all findings of the study after `adjust`.
        conclusion: What follows from the interval, in words.
        published: Published figure as text; "" for none.
        source: Source of the published figure; "" for none.
    """

    setting: str
    claim: str
    value: float
    low: float
    high: float
    seeds: int
    p: float
    conclusion: str
    published: str = ""
    source: str = ""

    def as_record(self) -> dict[str, Any]:
        """Return the finding as plain data."""
        return asdict(self)


def difference(setting: str, claim: str, differences: Floats, published: Published | None = None) -> Finding:
    """Return the finding for paired differences.

    Args:
        setting: Name of the setting.
        claim: What was measured.
        differences: Difference of each seed, in points, (R,).
        published: Published difference, if any.
    """
    summary = paired(differences)
    conclusion = _conclusion_on_difference(summary.low, summary.high, published)
    numbers = (summary.mean, summary.low, summary.high, len(differences), summary.p_t)
    texts = ("", "") if published is None else (published.text, published.source)
    return Finding(setting, claim, *numbers, conclusion, *texts)


def adjust(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with p-values adjusted by Holm's method for all of them."""
    return [replace(finding, p=p) for finding, p in zip(findings, holm([f.p for f in findings]), strict=True)]


def _conclusion_on_difference(low: float, high: float, published: Published | None) -> str:
    """Return what an interval says about a difference, and about the published one."""
    if math.isnan(low):
        return "undecided"
    sign = 1 if low > 0 else -1 if high < 0 else 0
    if published is None:
        return {1: "more", -1: "less", 0: "no difference found"}[sign]
    if sign == 0:
        return "not reproduced: no difference found"
    if sign * published.value < 0:
        return "not reproduced: the opposite"
    if low <= published.value <= high:
        return "reproduced"
    return "same direction, smaller" if abs(published.value) > max(abs(low), abs(high)) else "same direction, larger"
