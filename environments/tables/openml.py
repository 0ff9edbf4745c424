"""Any data set of OpenML, by its number or name: openml:61, openml:iris.

Source: Vanschoren, van Rijn, Bischl and Torgo 2014, "OpenML: networked science in machine learning", SIGKDD Explorations 15(2).
"""

from __future__ import annotations

import warnings

from neuronet.core.errors import NeuroNetError
from neuronet.environments.tables.table import Table


def read_openml(which: str, *, data_dir: str = "", target: str | None = None, payoff: str = "auto") -> Table:
    """A data set of OpenML as a table, split as tables are; columns of categories become columns of 0 and 1.

    scikit-learn fetches it, checks it against the checksum that OpenML gives, and keeps it, so that it is downloaded once.

    Args:
        which: Its number, or its name for its newest version.
        data_dir: Where it is kept; "" for scikit-learn's own folder, ~/scikit_learn_data or SCIKIT_LEARN_DATA.
        target: The column of targets; None for the one that OpenML names.
        payoff: As for Table.

    Raises:
        NeuroNetError: It cannot be had, or is no table of numbers and categories.
    """
    from sklearn.datasets import fetch_openml

    name = f"openml:{which}"
    if not which:
        raise NeuroNetError("openml:ID_OR_NAME needs the number or name of a data set, such as openml:61")
    key = {"data_id": int(which)} if which.isascii() and which.isdigit() else {"name": which}
    try:
        with warnings.catch_warnings(action="ignore"):  # that there are several versions
            bunch = fetch_openml(
                **key, target_column=target or "default-target", data_home=data_dir or None, as_frame=True, parser="pandas"
            )
    except Exception as error:  # of the network, of the server, or of what came
        reason = " ".join(str(error).split()) or type(error).__name__
        raise NeuroNetError(f"cannot fetch {name} from https://www.openml.org: {reason}") from None
    return Table.from_bunch(bunch, payoff=payoff, name=name)
