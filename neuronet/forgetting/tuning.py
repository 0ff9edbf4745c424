"""Which configurations a method tries: as many for each, spread evenly over the ranges of what it may choose."""

from __future__ import annotations

import math
from dataclasses import dataclass

from neuronet.forgetting.learner import Method, Range
from neuronet.learning import Adam, LearningRule, Momentum, rule_named

RATES: Range = (0.001, 1.0)
"""Learning rates of the plain rule."""

USUAL_RATE = 0.1
"""Of the plain rule, where nothing is tuned."""

BASES = (2, 3, 5, 7)


@dataclass(frozen=True)
class Configuration:
    """What is tried.

    Attributes:
        method: With its parameters.
        learning_rate: eta.
        chosen: What tuning chose of the method's parameters, by name.
        at_edge: Whether nothing that is tried has a lower, or a higher, value of something that is chosen.
    """

    method: Method
    learning_rate: float
    chosen: dict[str, float]
    at_edge: bool = False


def scale_of(rule: LearningRule) -> float:
    """What learning rates are multiplied by, so that steps are about as long under each learning rule."""
    return 1 - rule.momentum if isinstance(rule, Momentum) else 0.01 if isinstance(rule, Adam) else 1.0


def untuned(method: Method, rule: str, learning_rate: float | None) -> Configuration:
    """The method as it is, with this learning rate or the usual one of its learning rule."""
    usual = USUAL_RATE * scale_of(rule_named(method.rule or rule))
    return Configuration(method, usual if learning_rate is None else learning_rate, {})


def configurations(method: Method, rule: str, count: int) -> list[Configuration]:
    """As many configurations as are asked for, the first points of a Halton sequence (1960) on logarithmic scales.

    Args:
        method: Whose free parameters are chosen, and its learning rate.
        rule: The study's learning rule.
        count: How many.
    """
    scale = scale_of(rule_named(method.rule or rule))
    spans = {"learning_rate": (RATES[0] * scale, RATES[1] * scale), **method.free()}
    parts = [[halton(number, base) for base in BASES[: len(spans)]] for number in range(1, count + 1)]
    ends = [(min(column), max(column)) for column in zip(*parts, strict=True)]
    found = []
    for each in parts:
        values = {name: _between(span, part) for (name, span), part in zip(spans.items(), each, strict=True)}
        rate = values.pop("learning_rate")
        at_edge = any(part in end for part, end in zip(each, ends, strict=True))
        found.append(Configuration(method.tuned(values), rate, values, at_edge))
    return found


def _between(span: Range, part: float) -> float:
    """A value of two digits, so that it can be given again by hand."""
    low, high = (math.log(end) for end in span)
    return float(f"{math.exp(low + part * (high - low)):.2g}")


def halton(number: int, base: int) -> float:
    """The number, from 1, with its digits in this base mirrored at the point: evenly spread within 0 to 1."""
    part, weight = 0.0, 1.0
    while number:
        weight /= base
        number, digit = divmod(number, base)
        part += digit * weight
    return part
