"""Facts about a run that its trained network keeps: configuration, results, versions of the software."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

from neuronet.registry import format_population
from neuronet.training.config import RunConfig
from neuronet.version import __version__

LIBRARIES = ("torch", "numpy", "mesa", "networkx")
"""Libraries whose versions are kept."""


def model_facts(config: RunConfig, metrics: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Return facts about a run as plain data.

    Args:
        config: Configuration of the run.
        metrics: Last row of the replica's metrics; empty before the end of the first epoch.
        seconds: Duration of the run.
    """
    numbers = {name: metrics.get(name) for name in ("epoch", "train_loss", "test_loss", "test_accuracy")}
    policy = format_population(config.policy)
    return {
        "environment": config.environment,
        "policy": policy if isinstance(policy, str) else ", ".join(policy),
        **{name: None if value is None or math.isnan(value) else value for name, value in numbers.items()},
        "seconds": round(seconds, 3),
        "config": json.loads(config.model_dump_json(context={"recorded": True})),
        "versions": {"neuronet": __version__, "python": platform.python_version(), **_library_versions()},
    }


@cache
def _library_versions() -> dict[str, str]:
    return {name: version(name) for name in LIBRARIES}
