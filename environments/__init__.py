"""The environments that come with NeuroNet, one short file each."""

from __future__ import annotations

from neuronet.environment import Environment
from neuronet.environments.digits import Digits
from neuronet.environments.table import Table
from neuronet.environments.xor import Xor

ENVIRONMENTS: dict[str, type[Environment]] = {"digits": Digits, "xor": Xor}
"""Every environment that needs no file, by its name on the command line; `table:PATH` reads one."""

__all__ = ["ENVIRONMENTS", "Digits", "Table", "Xor"]
