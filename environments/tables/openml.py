"""Data sets of OpenML, by number or name: openml:61, openml:iris.

Source: Vanschoren, van Rijn, Bischl and Torgo 2014, "OpenML: networked science in machine learning", SIGKDD Explorations 15(2).
"""

from __future__ import annotations

import warnings

from neuronet.core import Access, DataError, Unseen, current_access
from neuronet.environments.tables.raw_inputs import Missing
from neuronet.environments.tables.table import Table


def read_openml(
    which: str,
    *,
    data_dir: str = "",
    target: str | None = None,
    payoff: str = "auto",
    missing: Missing = "refuse",
    unseen: Unseen = "refuse",
) -> Table:
    """Return a data set of OpenML as a table; categorical columns become columns of 0 and 1.

    scikit-learn downloads it once, verifies it by OpenML's checksum, and caches it.

    Args:
        which: Number, or name for the newest version.
        data_dir: Cache; "" for scikit-learn's own folder, ~/scikit_learn_data or SCIKIT_LEARN_DATA.
        target: Column of targets; None for OpenML's default.
        payoff: As for Table.
        missing: As for Table.
        unseen: As for Table.

    Raises:
        DataError: The number or name is empty or not ASCII, the download failed, a record is looked at, or it is not a table of
            numbers and categories.
    """
    from sklearn.datasets import fetch_openml

    name = f"openml:{which}"
    if not which or not which.isascii():
        raise DataError(f"openml:ID_OR_NAME needs the number or name of a data set, such as openml:61, in ASCII, got '{which}'")
    if current_access() is Access.LOOK:
        raise DataError(f"{name} is not asked for to look at a record")
    key = {"data_id": int(which)} if which.isascii() and which.isdigit() else {"name": which}
    try:
        with warnings.catch_warnings(action="ignore"):  # several versions
            bunch = fetch_openml(
                **key, target_column=target or "default-target", data_home=data_dir or None, as_frame=True, parser="pandas"
            )
    except Exception as error:  # from the network, the server, or the parser
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"cannot fetch {name} from https://www.openml.org: {reason}") from None
    return Table.from_bunch(bunch, payoff=payoff, name=name, missing=missing, unseen=unseen)
