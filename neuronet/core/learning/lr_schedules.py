"""Learning-rate schedules: constant, linear and cosine."""

from __future__ import annotations

import math
from collections.abc import Callable

LR_SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda progress: 1.0,
    "linear": lambda progress: 1.0 - progress,
    "cosine": lambda progress: 0.5 + 0.5 * math.cos(math.pi * progress),
}
"""Factor on the learning rate as a function of progress through the run (0 to below 1), by the schedule's name."""


def lr_factor(schedule: str, epoch: int, epochs: int) -> float:
    """Return the factor on the learning rate in an epoch, above 0 to 1.

    Args:
        schedule: One of LR_SCHEDULES.
        epoch: The epoch, from 0.
        epochs: Number of epochs in the run.
    """
    return LR_SCHEDULES[schedule](epoch / epochs)
