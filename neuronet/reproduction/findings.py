"""Findings: what a study measured, beside what was published, with a conclusion."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuronet.statistics import holm, paired

Floats = NDArray[np.float64]

MORE, LESS, NO_DIFFERENCE = "more", "less", "no difference found"
"""Conclusions on a difference without a published figure."""


@dataclass(frozen=True)
class Published:
    """Published figure.

    Attributes:
        value: The figure, in the unit of the finding.
        text: The figure as it was published, such as "76.0 against 73.6".
        source: Where it was read.
        standard_error: Its standard error, in the same unit; 0 where it was not published. A figure within 1.96 of them from 0
            counts as no difference.
    """

    value: float
    text: str
    source: str
    standard_error: float = 0.0

    @property
    def sign(self) -> int:
        """1 or -1 for a difference that the published numbers show, 0 for none."""
        return 0 if abs(self.value) <= 1.96 * self.standard_error else int(math.copysign(1, self.value))


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


def differences_to(
    reference: str,
    records: pd.DataFrame,
    measure: str,
    claim: str,
    published: Callable[[str, str], Published | None] = lambda setting, method: None,
) -> list[Finding]:
    """Return how far each method is from a reference in each setting, in points, paired seed by seed.

    Args:
        reference: Name of the method that all others are compared with.
        records: A row for each run: setting, method, seed and the measure (%).
        measure: Name of the column that is compared.
        claim: Claim, in which "METHOD" stands for a method's name.
        published: Returns the published difference, given setting and method; None for none.
    """
    found = []
    for setting, part in records.groupby("setting", sort=False):
        by_seed = part.pivot(index="seed", columns="method", values=measure)
        for method in dict.fromkeys(part["method"]):
            if method != reference:
                gaps = (by_seed[method] - by_seed[reference]).to_numpy(dtype=np.float64)
                figure = published(str(setting), str(method))
                found.append(difference(str(setting), claim.replace("METHOD", str(method)), gaps, figure))
    return found


def adjust(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with p-values adjusted by Holm's method for all of them.

    The conclusion on a difference without a published figure says so where the adjusted p-value is above 5%.
    """
    adjusted = [replace(finding, p=p) for finding, p in zip(findings, holm([f.p for f in findings]), strict=True)]
    return [
        replace(finding, conclusion=f"{finding.conclusion}, not for all claims together")
        if finding.conclusion in (MORE, LESS) and finding.p > 0.05
        else finding
        for finding in adjusted
    ]


def _conclusion_on_difference(low: float, high: float, published: Published | None) -> str:
    """Return what an interval says about a difference, and about the published one."""
    if math.isnan(low):
        return "undecided"
    sign = 1 if low > 0 else -1 if high < 0 else 0
    if published is None:
        return (NO_DIFFERENCE, MORE, LESS)[sign]
    if published.sign == 0:
        return _conclusion_on_no_difference(sign, low <= published.value <= high)
    if sign != published.sign:
        return f"not reproduced: {'the opposite' if sign else NO_DIFFERENCE}"
    if low <= published.value <= high:
        return "reproduced"
    return "same direction, smaller" if abs(published.value) > max(abs(low), abs(high)) else "same direction, larger"


def _conclusion_on_no_difference(sign: int, inside: bool) -> str:
    """Return the conclusion where none was published, by our sign and whether the published figure is in the interval."""
    if sign == 0:
        return f"reproduced: {NO_DIFFERENCE}"
    return "reproduced" if inside else f"not reproduced: {MORE if sign > 0 else LESS}, where none was"
