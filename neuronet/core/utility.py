"""Measures of attention: what a neuron's income is worth to it.

A measure turns the attention `w_kj` that listeners k pay to neuron j into its utility `U_j`; the slope `dU_j / dw_kj` says how
much more of each listener's attention is worth, and with it whom the neuron pleases (equation (1) of docs/theory.md).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from neuronet.core.array_types import Array, Namespace
from neuronet.core.errors import check_number, unknown_name_error


class Measure(ABC):
    """What attention is worth. Subclass it as a frozen dataclass; each neuron counts its own listeners, and nobody else's."""

    @abstractmethod
    def utility(self, xp: Namespace, attention: Array) -> Array:
        """What each neuron's attention is worth to it, (..., K, J) to (..., J)."""

    @abstractmethod
    def slope(self, xp: Namespace, attention: Array) -> Array:
        """The utility's derivative in each listener's attention, (..., K, J) to (..., K, J); 0 where attention is 0."""


@dataclass(frozen=True)
class Power(Measure):
    """The power measure `phi(w) = |w|^p / p`, summed over the listeners.

    `p = 2` leads to error backpropagation; `p = 1` counts attention by its size alone; a large p sees only the strongest
    listener.

    Args:
        p: Exponent, 1 or more, finite.

    Raises:
        NeuroNetError: p is out of range.
    """

    p: float = 2.0

    def __post_init__(self) -> None:
        check_number("measure exponent p", self.p, 1)

    def value(self, xp: Namespace, attention: Array) -> Array:
        """phi, elementwise."""
        return xp.abs(attention) ** self.p / self.p

    def slope(self, xp: Namespace, attention: Array) -> Array:
        """phi', elementwise: `|w|^(p-1) sign(w)`. For p = 2 it is the attention itself, and no copy is made."""
        if self.p == 2:
            return attention
        if self.p == 1:
            return xp.sign(attention)
        return xp.abs(attention) ** (self.p - 1) * xp.sign(attention)

    def utility(self, xp: Namespace, attention: Array) -> Array:
        """The attention received by each neuron, summed over its listeners: (..., K, J) to (..., J)."""
        return xp.sum(self.value(xp, attention), axis=-2)


@dataclass(frozen=True)
class LogTotal(Measure):
    """The logarithm of the total, `U = unit * log(1 + sum_k phi(w_k) / unit)`: who is rich in attention hardly cares for more.

    The neuron's direction is that of `Power(p)`; only its eagerness falls as its total grows. Far below one unit it is
    `Power(p)`. The logarithm of wealth is Bernoulli's (1738).

    Args:
        p: Exponent of `phi(w) = |w|^p / p`, 1 or more.
        unit: The total at which more is worth half as much as at first, above 0.

    Raises:
        NeuroNetError: A parameter is out of range.
    """

    p: float = 2.0
    unit: float = 1.0

    def __post_init__(self) -> None:
        Power(self.p)  # refuses what is no exponent
        check_number("unit", self.unit, 0, above=True)

    def utility(self, xp: Namespace, attention: Array) -> Array:
        """The logarithm of each neuron's total attention, (..., K, J) to (..., J)."""
        return self.unit * xp.log1p(Power(self.p).utility(xp, attention) / self.unit)

    def slope(self, xp: Namespace, attention: Array) -> Array:
        """`phi'(w_k) unit / (unit + sum phi)`: every listener of a neuron is discounted alike."""
        total = Power(self.p).utility(xp, attention)[..., None, :]
        return Power(self.p).slope(xp, attention) * (self.unit / (self.unit + total))


@dataclass(frozen=True)
class Saturating(Measure):
    """Attention of which one listener can give only so much, `U = sum_k unit * phi(w_k) / (unit + phi(w_k))`.

    The neuron turns away from listeners who pay it a lot already, towards those who pay less. Far below one unit it is
    `Power(p)`. For p = 2 the form is the robust loss of Geman and McClure (1987).

    Args:
        p: Exponent of `phi(w) = |w|^p / p`, 1 or more.
        unit: What a listener's attention is worth at most, above 0.

    Raises:
        NeuroNetError: A parameter is out of range.
    """

    p: float = 2.0
    unit: float = 1.0

    def __post_init__(self) -> None:
        Power(self.p)  # refuses what is no exponent
        check_number("unit", self.unit, 0, above=True)

    def utility(self, xp: Namespace, attention: Array) -> Array:
        """What all listeners are worth together, (..., K, J) to (..., J); below K units."""
        paid = Power(self.p).value(xp, attention)
        return xp.sum(self.unit * (paid / (self.unit + paid)), axis=-2)

    def slope(self, xp: Namespace, attention: Array) -> Array:
        """`phi'(w_k) (unit / (unit + phi(w_k)))^2`: each listener is discounted by what it pays itself."""
        discount = self.unit / (self.unit + Power(self.p).value(xp, attention))
        return Power(self.p).slope(xp, attention) * discount * discount


MEASURES: Mapping[str, type[Power] | type[LogTotal] | type[Saturating]] = {
    "power": Power,
    "log": LogTotal,
    "saturating": Saturating,
}
"""Every measure by its name; each has an exponent p."""


def parse_measure(name: str, p: float = 2.0) -> Measure:
    """The measure of that name, with this exponent and a unit of 1.

    Raises:
        NeuroNetError: There is none, or p is out of range.
    """
    if name not in MEASURES:
        raise unknown_name_error("measure", name, MEASURES)
    return MEASURES[name](p)
