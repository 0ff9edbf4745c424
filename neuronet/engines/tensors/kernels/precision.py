"""Precision of float32 matrix products, in the terms of torch."""

from __future__ import annotations

import torch

from neuronet.core import ConfigurationError

MATMUL_PRECISIONS = ("highest", "high", "medium")
"""Precisions of float32 matrix products: full float32, TF32, bfloat16."""


class MatmulPrecision:
    """Context in which torch multiplies float32 matrices with a given precision.

    Args:
        precision: One of MATMUL_PRECISIONS; "highest" leaves torch as it is.

    Raises:
        ConfigurationError: It is another one.
    """

    def __init__(self, precision: str) -> None:
        if precision not in MATMUL_PRECISIONS:
            raise ConfigurationError(f"matmul must be highest, high or medium, got {precision!r}")
        self.precision = precision
        self._previous = "highest"

    def __enter__(self) -> None:
        if self.precision != "highest":
            self._previous = torch.get_float32_matmul_precision()
            torch.set_float32_matmul_precision(self.precision)

    def __exit__(self, *error: object) -> None:
        if self.precision != "highest":
            torch.set_float32_matmul_precision(self._previous)
