"""Reduction over the processes that play a batch together."""

from __future__ import annotations

from torch import Tensor


class Reducer:
    """Reduction for a single process, which plays the whole batch: there is nothing to combine.

    Attributes:
        is_distributed: Whether there are other processes.
    """

    is_distributed = False

    def batch_size(self, local: int) -> int:
        """Return the number of samples in the whole batch, given those of this process."""
        return local

    def average(self, response: Tensor | None) -> None:
        """Turn a mean over this process's samples into the mean over the whole batch, in place; None is left alone."""


SINGLE_PROCESS = Reducer()
