"""A check: a claim, a measured figure, and the bound that the figure must meet."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass


class Bound(ABC):
    """Bound of a measured figure; no bound holds for nan."""

    @abstractmethod
    def holds(self, measured: float) -> bool:
        """Return whether the figure meets the bound."""

    @abstractmethod
    def __str__(self) -> str:
        """Return the bound as a short text for a table."""


@dataclass(frozen=True)
class Below(Bound):
    """Bound that the figure is below a limit.

    Args:
        limit: Smallest figure that violates the bound.
    """

    limit: float

    def holds(self, measured: float) -> bool:
        """Return whether the figure is below the limit."""
        return measured < self.limit

    def __str__(self) -> str:
        return f"< {self.limit:g}"


@dataclass(frozen=True)
class Above(Bound):
    """Bound that the figure is above a limit.

    Args:
        limit: Largest figure that violates the bound.
    """

    limit: float

    def holds(self, measured: float) -> bool:
        """Return whether the figure is above the limit."""
        return measured > self.limit

    def __str__(self) -> str:
        return f"> {self.limit:g}"


@dataclass(frozen=True)
class Near(Bound):
    """Bound that the figure is near a value.

    Args:
        value: Expected value.
        tolerance: Largest absolute deviation.
    """

    value: float
    tolerance: float

    def holds(self, measured: float) -> bool:
        """Return whether the figure deviates by the tolerance at most."""
        return abs(measured - self.value) <= self.tolerance

    def __str__(self) -> str:
        return f"{self.value:.2f} +- {self.tolerance:g}"


@dataclass(frozen=True)
class Check:
    """Row of the table of checks.

    Attributes:
        proposition: Number and name of the proposition, such as "1 equivalence".
        claim: Description of the measured figure, in one line.
        measured: Measured figure.
        bound: Bound of the figure.
    """

    proposition: str
    claim: str
    measured: float
    bound: Bound

    @property
    def required(self) -> str:
        """Bound as a text, such as "< 1e-12"."""
        return str(self.bound)

    @property
    def passed(self) -> bool:
        """Whether the measured figure meets the bound."""
        return self.bound.holds(self.measured)
