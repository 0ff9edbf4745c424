"""Measures of attention: what a neuron's income is worth to it."""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.arrays import Array, Namespace
from neuronet.errors import check_number


@dataclass(frozen=True)
class Power:
    """The power measure `phi(w) = |w|^p / p`.

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
