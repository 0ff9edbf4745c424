"""A check: what is claimed, what was measured, what is required of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass


class Bound(ABC):
    """What a measured figure must be. No bound holds for a figure that is not a number."""

    @abstractmethod
    def holds(self, measured: float) -> bool:
        """Whether the figure is as it must be."""

    @abstractmethod
    def __str__(self) -> str:
        """The bound in a few signs, for a table."""


@dataclass(frozen=True)
class Below(Bound):
    """The figure must be below a limit.

    Args:
        limit: Which figure is already too large.
    """

    limit: float

    def holds(self, measured: float) -> bool:
        """Whether it is below the limit."""
        return measured < self.limit

    def __str__(self) -> str:
        return f"< {self.limit:g}"


@dataclass(frozen=True)
class Near(Bound):
    """The figure must be near a value.

    Args:
        value: The value.
        tolerance: How far off the figure may be.
    """

    value: float
    tolerance: float

    def holds(self, measured: float) -> bool:
        """Whether it is no further off than the tolerance."""
        return abs(measured - self.value) <= self.tolerance

    def __str__(self) -> str:
        return f"{self.value:.2f} +- {self.tolerance:g}"


@dataclass(frozen=True)
class Check:
    """One line of the table.

    Attributes:
        proposition: Number and name of what is checked, such as "1 equivalence".
        claim: What was measured, in one line.
        measured: The figure.
        bound: What it must be.
    """

    proposition: str
    claim: str
    measured: float
    bound: Bound

    @property
    def required(self) -> str:
        """The bound in words, such as "< 1e-12"."""
        return str(self.bound)

    @property
    def passed(self) -> bool:
        """Whether the measured figure keeps to the bound."""
        return self.bound.holds(self.measured)
