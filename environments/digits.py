"""Handwritten digits: the 1,797 images that come with scikit-learn.

Source: Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI machine learning repository.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from neuronet.environment import Environment, Samples
from neuronet.environments.table import Table


@dataclass(frozen=True)
class Digits(Environment):
    """8 x 8 images of the digits 0 to 9: 1,437 to learn from and 360 to be judged by.

    The split is fixed and has the same share of every digit; pixels are standardised by the training images alone.
    """

    @cached_property
    def _table(self) -> Table:
        from sklearn.datasets import load_digits

        images = load_digits()
        return Table(images.data, images.target, payoff="cross-entropy", name="digits")

    @property
    def train(self) -> Samples:
        """1,437 images, (1437, 64)."""
        return self._table.train

    @property
    def test(self) -> Samples:
        """360 images, (360, 64)."""
        return self._table.test

    @property
    def outputs(self) -> int:
        """10 digits."""
        return self._table.outputs
