"""Which column of a table, or array of a file, has the targets."""

from __future__ import annotations

import re

from neuronet.core import ConfigurationError, DataError, shortened
from neuronet.environments.tables.csv_files import separator_hint

TARGET_NAMES = ("target", "label", "class", "y")
"""Usual names of targets."""

INDEX_NAMES = re.compile(r"|Unnamed: \d+(\.\d+)*(_level_\d+)?|__index_level_\d+__")
"""Names of columns of row numbers that pandas or pyarrow saved with the data."""


def target_index(target: str | None, names: list[str], source: str, usual: tuple[str, ...] = TARGET_NAMES) -> int:
    """Return the index of the column or array of targets.

    Args:
        target: Its name; None for the only one that is called as usual.
        names: Names of all columns or arrays.
        source: File or frame, for messages.
        usual: Usual names of targets, in small letters.

    Raises:
        ConfigurationError: target is not a text.
        DataError: There is no such column, or more than one, or a column of row numbers that must be left out first.
    """
    if target is not None and not isinstance(target, str):
        raise ConfigurationError(f"target must be the name of a column, a text, got {shortened(repr(target))}")
    listed = shortened(", ".join(filter(None, names)))
    found = [name for name in usual if name in names] if target is None else [target]
    if not found:
        hint = separator_hint(names)
        if hint and source.startswith("'"):
            hint = f": is it separated by ';'? Write table:{source[1:-1]}(separator=';')"
        raise DataError(f"{source} has no target called target, label, class or y: name one of {listed}{hint}")
    if target is None:
        found += [name for name in dict.fromkeys(names) if name.lower() in usual and name not in usual]
    if len(found) > 1:
        raise DataError(
            f"{source} has more than one usual name of a target, {' and '.join(found)}: name the target, drop the others"
        )
    if found[0] not in names:
        raise DataError(f"{source} has no target '{shortened(found[0])}': it has {listed}")
    if names.count(found[0]) > 1:
        raise DataError(f"{source} has more than one column '{shortened(found[0])}': the target must be there once")
    double = next((name for name in names if re.fullmatch(rf"{re.escape(found[0])}\.\d+", name)), None)
    if double is not None:
        raise DataError(
            f"{source} has a column '{shortened(double)}', as pandas calls a second '{shortened(found[0])}': if it is the "
            f"target, leave it out (exclude='{shortened(double)}'), otherwise rename it"
        )
    for index, name in enumerate(names):
        if INDEX_NAMES.fullmatch(name) and name != target:
            raise DataError(
                f"{source}, column {index + 1} has no name but '{name}': if it is a saved index, leave it out "
                f"(pandas: index=False, here: table:FILE(exclude='{name}')), otherwise give it a name"
            )
    return names.index(found[0])
