"""Names for arrays whose library (numpy, torch, or another of the array API) is known only when a round is played."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Array = Any
"""An array of any library that follows the array API standard. Its shape stands in the comment or docstring beside it."""

Namespace = Any
"""The module of functions that belongs to an array: `xp.sign`, `xp.where`, ..."""

Memory = Mapping[str, Array]
"""What a policy keeps from round to round, by name; each array has the neuron axis first."""


def reaches(xp: Namespace, sizes: Array, threshold: Array) -> Array:
    """Return where sizes reach a threshold; a size that only rounding keeps below it counts as equal to it.

    Sizes that are equal on paper differ in their last bits, and those bits differ between engines and processors.

    Args:
        xp: The namespace of the arrays.
        sizes: Any shape, 0 or more.
        threshold: Broadcasts against sizes, 0 or more.
    """
    return sizes >= threshold * (1.0 - rounding(xp, sizes))


def rounding(xp: Namespace, array: Array) -> float:
    """Return the relative difference up to which two numbers count as equal: 4e-11 in float64, 2e-5 in float32.

    It is `eps ** (2 / 3)` of the array's precision: far above what rounding adds up to in a run.
    """
    tolerance: float = float(xp.finfo(array.dtype).eps) ** (2 / 3)
    return tolerance
