"""Handwritten digits: the 1,797 images that come with scikit-learn.

Source: Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI machine learning repository.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.environments.lazy import LazyEnvironment
from neuronet.environments.tables.table import Table


@dataclass(frozen=True)
class Digits(LazyEnvironment):
    """8 x 8 images of the digits 0 to 9: 1,437 to learn from and 360 to be judged by.

    The split is fixed and has the same share of every digit; pixels are standardised by the training images alone.
    """

    def load(self) -> Table:
        """The images in scikit-learn."""
        from sklearn.datasets import load_digits

        images = load_digits()
        return Table(images.data, images.target, payoff="cross-entropy", name="digits", shape=(8, 8))
