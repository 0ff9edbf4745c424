"""Handwritten digits: the 1,797 images included in scikit-learn.

Source: Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI machine learning repository.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.environments.lazy import LazyEnvironment
from neuronet.environments.tables.table import Table


@dataclass(frozen=True)
class Digits(LazyEnvironment):
    """Images of the digits 0 to 9, 8 x 8 pixels: 1,437 for training and 360 for the test.

    The split is fixed and has the same share of every digit; pixels are standardised by the training images alone.
    """

    def load(self) -> Table:
        """Return the images of scikit-learn."""
        from sklearn.datasets import load_digits

        images = load_digits()
        return Table(images.data, images.target, payoff="cross-entropy", name="digits", shape=(8, 8))
