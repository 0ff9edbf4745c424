"""What a folder of records may make this process do: a folder may come from another person.

The functions that read a folder say how far they go, and the places that import a module or download a file ask here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum

from neuronet.core.errors import SpecError


class Access(IntEnum):
    """What reading a folder may do.

    Attributes:
        LOOK: Nothing besides reading it; neither modules are imported nor files downloaded.
        RESUME: Installed plug-ins are loaded and data sets downloaded, as for a run of one's own.
        TRUSTED: Modules that the folder names are imported, too.
    """

    LOOK = 0
    RESUME = 1
    TRUSTED = 2


_ACCESS: ContextVar[Access | None] = ContextVar("record access", default=None)


@contextmanager
def record_access(access: Access) -> Iterator[None]:
    """Set what the records that are read in this context may do."""
    token = _ACCESS.set(access)
    try:
        yield
    finally:
        _ACCESS.reset(token)


@contextmanager
def reading_record() -> Iterator[None]:
    """Read a record, without its modules unless a function around this one has set another access."""
    with record_access(Access.RESUME if _ACCESS.get() is None else current_access()):
        yield


def current_access() -> Access:
    """Return what may be done; everything where no record is read."""
    access = _ACCESS.get()
    return Access.TRUSTED if access is None else access


def may_import(module: str) -> bool:
    """Return whether a module may be imported: any where no record is read, else those of NeuroNet."""
    return current_access() is Access.TRUSTED or module == "neuronet" or module.startswith("neuronet.")


def check_import(kind: str, name: str, module: str) -> None:
    """Raise an error if a record names a module that it may not import; a module that is imported already may be used.

    Args:
        kind: What the record names, such as "policy".
        name: Its spec.
        module: The module.

    Raises:
        SpecError: The module may not be imported.
    """
    if not may_import(module) and module not in sys.modules:
        raise SpecError(
            f"the record names the {kind} '{name}', but a record does not import the module '{module}': "
            "add --trust (trust=True in Python) if you trust who made the folder"
        )
