"""Names of runs in a figure of several: the options in which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from neuronet.plotting.sources.run_data import RunData

IGNORED_OPTIONS = frozenset({"seed", "replicas", "device", "dtype", "checkpoint_every", "alignment", "inequality", "monitor"})
"""Options that do not distinguish runs."""


def group_runs(runs: Sequence[RunData]) -> dict[str, pd.DataFrame]:
    """Return the metrics of runs by name; runs that differ only in their seeds become replicas.

    Runs with equal options and seeds are named by their folders.
    """
    configs = [run.run_directory.config.model_dump(mode="json") for run in runs]
    names = label_runs(configs)
    seeds = [(name, seed) for name, run in zip(names, runs, strict=True) for seed in run.run_directory.config.seeds]
    if len(set(seeds)) < len(seeds):
        names = _folder_names([run.folder for run in runs])
    found: dict[str, list[pd.DataFrame]] = {}
    for name, run in zip(names, runs, strict=True):
        found.setdefault(name, []).append(run.metrics.assign(replica=run.metrics["replica"] + run.run_directory.config.seed))
    return {_with_seed_count(name, tables): pd.concat(tables, ignore_index=True) for name, tables in found.items()}


def label_runs(configs: Sequence[dict[str, Any]]) -> list[str]:
    """Return each run's options that differ between runs, as text; the policy where only seeds differ."""
    fields = {name: None for config in configs for name in config if name not in IGNORED_OPTIONS}
    differing = [name for name in fields if any(config.get(name) != configs[0].get(name) for config in configs)]
    differing = differing or ["policy"]
    return [
        ", ".join(_format_option(name, config.get(name), alone=len(differing) == 1) for name in differing) for config in configs
    ]


def _format_option(name: str, value: Any, *, alone: bool) -> str:
    text = " | ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return text if alone and isinstance(value, str) else f"{name.replace('_', ' ')} {text or 'none'}"


def _folder_names(folders: Sequence[Path]) -> list[str]:
    short = [folder.resolve().name for folder in folders]
    return short if len(set(short)) == len(short) else [str(folder) for folder in folders]


def _with_seed_count(name: str, tables: Sequence[pd.DataFrame]) -> str:
    seeds = len({seed for table in tables for seed in table["replica"]})
    return f"{name} ({seeds} seeds)" if seeds > 1 else name
