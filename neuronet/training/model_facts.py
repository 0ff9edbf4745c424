"""Facts about a run that its trained network keeps: configuration, results, versions of the software."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from neuronet.recording import library_versions
from neuronet.registry import describe_population
from neuronet.training.config import RunConfig


def model_facts(config: RunConfig, metrics: Mapping[str, Any], seconds: float, stop_reason: str | None = None) -> dict[str, Any]:
    """Return facts about a run as plain data.

    Args:
        config: Configuration of the run.
        metrics: Last row of the replica's metrics; empty before the end of the first epoch.
        seconds: Duration of the run.
        stop_reason: Reason why a callback stopped the run; None if it did not.
    """
    numbers = {name: metrics.get(name) for name in ("epoch", "train_loss", "test_loss", "test_accuracy")}
    return {
        "environment": config.environment,
        "policy": describe_population(config.policy),
        **{name: None if value is None or math.isnan(value) else value for name, value in numbers.items()},
        "seconds": round(seconds, 3),
        "stopped": stop_reason,
        "config": json.loads(config.model_dump_json(context={"recorded": True})),
        "versions": library_versions(),
    }
