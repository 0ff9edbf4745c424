"""The array libraries on which formulas must give the same numbers; array_api_strict allows nothing beyond the standard."""

from __future__ import annotations

from typing import Any

import array_api_compat.numpy
import array_api_compat.torch
import array_api_strict
import numpy as np

BACKENDS: dict[str, Any] = {
    "numpy": array_api_compat.numpy,
    "torch": array_api_compat.torch,
    "strict": array_api_strict,
}


def array(xp: Any, values: Any, dtype: str | None = None) -> Any:
    """The values as an array of that library; numpy's own type of number, or the one named."""
    plain = np.asarray(values)
    return xp.asarray(plain.tolist(), dtype=getattr(xp, dtype or str(plain.dtype)))


def plain(values: Any) -> np.ndarray:
    """The numbers of any library's array in numpy."""
    return np.asarray(values)
