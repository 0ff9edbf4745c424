"""California housing: house values in 20,640 districts, from the census of 1990.

Source: Pace and Barry 1997, "Sparse spatial autoregressions", Statistics and Probability Letters 33. Features are computed from
the columns of the file as in scikit-learn's fetch_california_housing.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from neuronet.core import DataError, SquaredError
from neuronet.environments.lazy import LazyEnvironment
from neuronet.environments.sources import Download, Source
from neuronet.environments.tables.table import Table

FILE = "cal_housing.data"

SOURCE = Source(
    "california",
    (FILE,),
    (
        Download(
            "cal_housing.tgz",
            "sha256:aaa5c9a6afe2225cc2aed2723682ae403280c4a3695a2ddda4ffb5d8215ea681",
            ("https://ndownloader.figshare.com/files/5976036",),
        ),
    ),
    folders=("CaliforniaHousing",),
)


@dataclass(frozen=True)
class California(LazyEnvironment):
    """Median house values of districts from 8 features: 16,512 districts for training and 4,128 for the test.

    Features are the median income, the median age of houses, rooms, bedrooms and people for each household, the population, the
    latitude and the longitude. The split is fixed; features and values are standardised by the training samples alone.

    Args:
        data_dir: Folder to search first for the file.
    """

    payoff = SquaredError()

    data_dir: str = ""

    def load(self) -> Table:
        """Return the districts of the file.

        Raises:
            DataError: It is missing or broken.
        """
        files = SOURCE.find(self.data_dir)
        with files.open(FILE) as stream:
            try:
                with warnings.catch_warnings(action="ignore"):  # an empty file raises an error below
                    rows = np.loadtxt(stream, delimiter=",", ndmin=2)
            except ValueError as error:
                raise DataError(f"cannot read '{FILE}' in '{files.path}': {' '.join(str(error).split())}") from None
        if rows.shape[1] != 9 or not (rows[:, 6] > 0).all():
            raise DataError(f"'{FILE}' in '{files.path}' should have 9 columns, the households in the 7th")
        longitude, latitude, age, rooms, bedrooms, people, households, income, value = rows.T
        features = (income, age, rooms / households, bedrooms / households, people, people / households, latitude, longitude)
        return Table(np.column_stack(features), value, payoff="squared-error", name="california")
