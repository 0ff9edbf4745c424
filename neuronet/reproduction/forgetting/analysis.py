"""Claims about forgetting, measured on frontiers: at the best rate of each method, and at equal learning accuracy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuronet.registry import BASELINE
from neuronet.reproduction.findings import Finding, Floats, Published, difference
from neuronet.reproduction.forgetting.frontier import Frontier
from neuronet.reproduction.forgetting.methods import BUDGETED, DOUBLED, HALVED, MESSAGES, RELATIVE, ROWS
from neuronet.statistics import holm, interval, paired

Fronts = Mapping[str, Mapping[str, Frontier]]
"""Frontier of each method, by setting and method."""

LEVELS = (0.85, 0.90, 0.94, 0.97, 0.98)
"""Learning accuracies at which methods are compared, besides that of error backpropagation at its best rate."""

PUBLISHED_GAP = Published(
    2.4, "+2.4 (76.0 against 73.6)", "a notebook in the authors' code: split MNIST, 784-2000x4-2, batches of 64 against 512"
)


@dataclass(frozen=True)
class Claim:
    """Comparison of two methods.

    Attributes:
        text: The claim.
        method: Spec of a method.
        reference: Spec of the method that it is compared with.
        equal: Whether at the learning accuracy of error backpropagation at its best; otherwise both at their best rates.
        published: Published figure, if any.
    """

    text: str
    method: str
    reference: str
    equal: bool
    published: Published | None = None


CLAIMS = (
    Claim("best final accuracy: authors' form (relative) - BP", RELATIVE, BASELINE, False, PUBLISHED_GAP),
    Claim("best final accuracy: budgeted - BP", BUDGETED, BASELINE, False),
    Claim("at equal learning: authors' form (relative) - BP", RELATIVE, BASELINE, True),
    Claim("at equal learning: budgeted - BP", BUDGETED, BASELINE, True),
    Claim("at equal learning: halved signal alone - BP", HALVED, BASELINE, True),
    Claim("at equal learning: doubled signal alone - BP", DOUBLED, BASELINE, True),
    Claim("at equal learning: equal steps, BP's messages - BP", ROWS, BASELINE, True),
    Claim("at equal learning: scaled messages, plain steps - BP", MESSAGES, BASELINE, True),
    Claim("at equal learning: budgeted - equal steps with BP's messages", BUDGETED, ROWS, True),
    Claim("at equal learning: budgeted - scaled messages with plain steps", BUDGETED, MESSAGES, True),
    Claim("at equal learning: authors' form (relative) - halved signal alone", RELATIVE, HALVED, True),
)


def frontiers(records: pd.DataFrame) -> dict[str, dict[str, Frontier]]:
    """Return the frontier of each method, by setting and method."""
    fronts: dict[str, dict[str, Frontier]] = {}
    for (setting, method), rows in records.groupby(["setting", "method"], sort=False):
        fronts.setdefault(str(setting), {})[str(method)] = Frontier.from_records(rows)
    return fronts


def find(fronts: Fronts) -> list[Finding]:
    """Return CLAIMS as measured in each setting, and across batch sizes as in the authors' comparison."""
    found = [finding for setting in fronts for finding in _setting_findings(setting, fronts[setting])]
    return found + _findings_across_batches(fronts)


def level_of_backprop(methods: Mapping[str, Frontier]) -> float:
    """Return the mean learning accuracy of error backpropagation at its best rate for final accuracy."""
    return float(methods[BASELINE].best().learning.mean())


def _setting_findings(setting: str, methods: Mapping[str, Frontier]) -> Iterator[Finding]:
    level = level_of_backprop(methods)
    for claim in CLAIMS:
        if claim.method in methods and claim.reference in methods:
            pair = [methods[name] for name in (claim.method, claim.reference)]
            values = [front.at_learning(level) if claim.equal else front.best().final for front in pair]
            if values[0] is not None and values[1] is not None:
                text = f"{claim.text}, at {100 * level:.1f}" if claim.equal else claim.text
                yield difference(setting, text, 100 * (values[0] - values[1]), claim.published)


def _findings_across_batches(fronts: Fronts) -> list[Finding]:
    """Return the authors' comparison, where error backpropagation has batches of 512 and their form batches of 64."""
    found = []
    for setting, methods in fronts.items():
        other = fronts.get(setting.replace("-batch64", "-batch512"), {})
        if setting.endswith("-batch64") and RELATIVE in methods and BASELINE in other:
            gap: Floats = methods[RELATIVE].best().final - other[BASELINE].best().final
            claim = "best final accuracy: authors' form, batches of 64 - BP, batches of 512"
            found.append(difference(setting, claim, 100 * gap, PUBLISHED_GAP))
            gap = methods[BASELINE].best().final - other[BASELINE].best().final
            found.append(difference(setting, "best final accuracy: BP, batches of 64 - BP, batches of 512", 100 * gap))
    return found


def best_table(fronts: Fronts) -> pd.DataFrame:
    """Return a row for each setting and method at its best rate, in percent, with the paired difference to BP."""
    rows = []
    for setting, methods in fronts.items():
        bests = {name: front.best() for name, front in methods.items()}
        for name, best in bests.items():
            spans = [100 * number for values in (best.final, best.learning) for number in interval(values)]
            gap = (math.nan,) * 4 if name == BASELINE else _gap(best.final, bests[BASELINE].final)
            rates = " ".join(f"{rate:g}" for rate in best.rates)
            rows.append((setting, name, rates, best.at_edge, len(best.final), *spans, *gap))
    spans_of = [f"{name}{end}" for name in ("final", "learning", "difference") for end in ("", "_low", "_high")]
    return _with_holm(pd.DataFrame(rows, columns=["setting", "method", "rates", "at_edge", "seeds", *spans_of, "p"]))


def equal_table(fronts: Fronts) -> pd.DataFrame:
    """Return a row for each setting, learning accuracy and method that reaches it, in percent."""
    rows = []
    for setting, methods in fronts.items():
        for level in (level_of_backprop(methods), *LEVELS):
            values = {name: front.at_learning(level) for name, front in methods.items()}
            baseline = values[BASELINE]
            for name, final in values.items():
                if final is not None and baseline is not None:
                    gap = (math.nan,) * 4 if name == BASELINE else _gap(final, baseline)
                    rows.append((setting, 100 * level, name, *(100 * number for number in interval(final)), *gap))
    spans_of = [f"{name}{end}" for name in ("final", "difference") for end in ("", "_low", "_high")]
    return _with_holm(pd.DataFrame(rows, columns=["setting", "level", "method", *spans_of, "p"]))


def _gap(values: Floats, reference: Floats) -> tuple[float, float, float, float]:
    summary = paired(100 * np.asarray(values - reference))
    return summary.mean, summary.low, summary.high, summary.p_t


def _with_holm(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(p=holm(table["p"].tolist()))
