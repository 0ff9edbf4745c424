"""Metrics that callbacks compare epochs by."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import ConfigurationError, unknown_name_error
from neuronet.training.callbacks.base import RunProgress

MONITORED = ("test_loss", "test_accuracy", "train_loss", "train_accuracy")
"""Metrics of an epoch by which callbacks compare: a lower loss is better, and a higher accuracy."""


def check_metric(metric: str) -> str:
    """Return the name of a metric.

    Raises:
        SpecError: There is none of this name.
    """
    if metric not in MONITORED:
        raise unknown_name_error("metric", str(metric), MONITORED)
    return metric


def check_has_values(metric: str, run: RunProgress) -> None:
    """Raise an error if a run has no values of a metric.

    Raises:
        ConfigurationError: It is an accuracy, but targets are values; or the loop is not that of `train`.
    """
    if run.environment is None:
        raise ConfigurationError(f"the metric {metric} is measured in runs of neuronet.train alone")
    if metric.endswith("accuracy") and not run.environment.payoff.classes:
        raise ConfigurationError(f"{metric} is not defined where targets are values: use {metric.split('_', maxsplit=1)[0]}_loss")


def costs(metric: str, values: NDArray[Any]) -> NDArray[np.float64]:
    """Return values of a metric so that lower ones are better; nan counts as the worst."""
    signed = -values if metric.endswith("accuracy") else values
    return np.where(np.isnan(signed), math.inf, signed)
