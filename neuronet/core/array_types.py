"""Type names for arrays of a library (numpy, torch, or another of the array API) that is known only at run time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Array = Any
"""Array of any library that follows the array API standard; its shape is in the docstring of the function."""

Namespace = Any
"""Module with the functions for an array: `xp.sign`, `xp.where`, ..."""

Memory = Mapping[str, Array]
"""A policy's memory: arrays by name, each with the neuron axis first."""


def reaches(xp: Namespace, sizes: Array, threshold: Array) -> Array:
    """Return True where sizes reach a threshold, up to rounding.

    Sizes that are equal on paper differ in their last bits, and those bits differ between engines and processors.

    Args:
        xp: The namespace of the arrays.
        sizes: Any shape, 0 or more.
        threshold: Broadcasts against sizes, 0 or more.
    """
    return sizes >= threshold * (1.0 - rounding(xp, sizes))


def rounding(xp: Namespace, array: Array) -> float:
    """Return the relative difference up to which two numbers count as equal: 4e-11 in float64, 2e-5 in float32.

    The value is `eps ** (2 / 3)` of the array's precision: far above the rounding errors that add up in a run.
    """
    tolerance: float = float(xp.finfo(array.dtype).eps) ** (2 / 3)
    return tolerance
