"""Measures of attention: the utility that a neuron derives from its listeners' weights.

A measure maps the attention `w_kj` that listeners k pay to neuron j to its utility `U_j`. The slope `dU_j / dw_kj` is the
marginal utility of each listener's attention, and so decides which listeners count (equation (1) of docs/theory.md).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from neuronet.core.array_types import Array, Namespace
from neuronet.core.errors import check_number, unknown_name_error


class Measure(ABC):
    """Utility of attention, as a function of each neuron's own listeners. Subclass it as a frozen dataclass."""

    @abstractmethod
    def utility(self, xp: Namespace, attention: Array) -> Array:
        """Return each neuron's utility, (..., K, J) to (..., J)."""

    @abstractmethod
    def slope(self, xp: Namespace, attention: Array) -> Array:
        """Return the derivative of the utility by each listener's attention, (..., K, J); 0 where attention is 0."""


@dataclass(frozen=True)
class Power(Measure):
    """Power measure `phi(w) = |w|^p / p`, summed over the listeners.

    `p = 2` leads to error backpropagation; `p = 1` counts only the sign of attention in its slope; a large p sees only the
    strongest listener.

    Args:
        p: Exponent, 1 or more, finite.

    Raises:
        ConfigurationError: p is out of range.
    """

    p: float = 2.0

    def __post_init__(self) -> None:
        check_number("measure exponent p", self.p, 1)

    def value(self, xp: Namespace, attention: Array) -> Array:
        """Return phi, elementwise."""
        return xp.abs(attention) ** self.p / self.p

    def slope(self, xp: Namespace, attention: Array) -> Array:
        """Return phi', elementwise: `|w|^(p-1) sign(w)`. For p = 2 it is the attention itself, without a copy."""
        if self.p == 2:
            return attention
        if self.p == 1:
            return xp.sign(attention)
        return xp.abs(attention) ** (self.p - 1) * xp.sign(attention)

    def utility(self, xp: Namespace, attention: Array) -> Array:
        """Return the attention that each neuron receives, summed over its listeners: (..., K, J) to (..., J)."""
        return xp.sum(self.value(xp, attention), axis=-2)


@dataclass(frozen=True)
class LogTotal(Measure):
    """Logarithm of the total attention, `U = unit * log(1 + sum_k phi(w_k) / unit)`: marginal utility falls as the total grows.

    The direction of the slope is that of `Power(p)`; only its size falls with the total. Far below one unit it is `Power(p)`.
    Logarithmic utility of wealth: Bernoulli 1738.

    Args:
        p: Exponent of `phi(w) = |w|^p / p`, 1 or more.
        unit: The total at which marginal utility is half its initial value, above 0.

    Raises:
        ConfigurationError: A parameter is out of range.
    """

    p: float = 2.0
    unit: float = 1.0

    def __post_init__(self) -> None:
        Power(self.p)  # checks the exponent
        check_number("unit", self.unit, 0, above=True)

    def utility(self, xp: Namespace, attention: Array) -> Array:
        """Return the logarithm of each neuron's total attention, (..., K, J) to (..., J)."""
        return self.unit * xp.log1p(Power(self.p).utility(xp, attention) / self.unit)

    def slope(self, xp: Namespace, attention: Array) -> Array:
        """Return `phi'(w_k) unit / (unit + sum phi)`: one common discount for all listeners of a neuron."""
        total = Power(self.p).utility(xp, attention)[..., None, :]
        return Power(self.p).slope(xp, attention) * (self.unit / (self.unit + total))


@dataclass(frozen=True)
class Saturating(Measure):
    """Saturating attention, `U = sum_k unit * phi(w_k) / (unit + phi(w_k))`: each listener contributes less than one unit.

    The slope is largest for listeners that pay little. Far below one unit the measure is `Power(p)`. For p = 2 the form is the
    robust loss of Geman and McClure (1987).

    Args:
        p: Exponent of `phi(w) = |w|^p / p`, 1 or more.
        unit: Upper bound of one listener's contribution, above 0.

    Raises:
        ConfigurationError: A parameter is out of range.
    """

    p: float = 2.0
    unit: float = 1.0

    def __post_init__(self) -> None:
        Power(self.p)  # checks the exponent
        check_number("unit", self.unit, 0, above=True)

    def utility(self, xp: Namespace, attention: Array) -> Array:
        """Return the contributions of all listeners, summed: (..., K, J) to (..., J); below K units."""
        paid = Power(self.p).value(xp, attention)
        return xp.sum(self.unit * (paid / (self.unit + paid)), axis=-2)

    def slope(self, xp: Namespace, attention: Array) -> Array:
        """Return `phi'(w_k) (unit / (unit + phi(w_k)))^2`: each listener is discounted by its own attention."""
        discount = self.unit / (self.unit + Power(self.p).value(xp, attention))
        return Power(self.p).slope(xp, attention) * discount * discount


MEASURES: Mapping[str, type[Power] | type[LogTotal] | type[Saturating]] = {
    "power": Power,
    "log": LogTotal,
    "saturating": Saturating,
}
"""All measures by name; each has an exponent p."""


def parse_measure(name: str, p: float = 2.0) -> Measure:
    """Return the measure with a given name, this exponent and a unit of 1.

    Raises:
        SpecError: The name is unknown.
        ConfigurationError: p is out of range.
    """
    if name not in MEASURES:
        raise unknown_name_error("measure", name, MEASURES)
    return MEASURES[name](p)
