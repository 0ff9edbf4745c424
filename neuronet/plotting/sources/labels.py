"""What runs are called in a picture of several: by the options in which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from neuronet.plotting.sources.run_data import RunFolder

NOT_TOLD = frozenset({"seed", "replicas", "device", "dtype", "checkpoint_every", "alignment"})
"""Options by which runs are not told apart while others do it."""


def pooled(runs: Sequence[RunFolder]) -> dict[str, pd.DataFrame]:
    """The metrics of each kind of run by its name; runs that differ in their seeds alone are replicas of one another.

    Runs that cannot be told apart so are called by their folders.
    """
    configs = [run.record.config.model_dump(mode="json") for run in runs]
    names = names_of(configs)
    seeds = [(name, seed) for name, run in zip(names, runs, strict=True) for seed in run.record.config.seeds]
    if len(set(seeds)) < len(seeds):
        names = _folder_names([run.folder for run in runs])
    found: dict[str, list[pd.DataFrame]] = {}
    for name, run in zip(names, runs, strict=True):
        found.setdefault(name, []).append(run.metrics.assign(replica=run.metrics["replica"] + run.record.config.seed))
    return {_counted(name, tables): pd.concat(tables, ignore_index=True) for name, tables in found.items()}


def names_of(configs: Sequence[dict[str, Any]]) -> list[str]:
    """Each run's options that are not the same in all, as a text; where only seeds differ, its policy."""
    fields = {name: None for config in configs for name in config if name not in NOT_TOLD}
    telling = [name for name in fields if any(config.get(name) != configs[0].get(name) for config in configs)]
    telling = telling or ["policy"]
    return [", ".join(_said(name, config.get(name), alone=len(telling) == 1) for name in telling) for config in configs]


def _said(name: str, value: Any, *, alone: bool) -> str:
    text = " | ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return text if alone and isinstance(value, str) else f"{name.replace('_', ' ')} {text or 'none'}"


def _folder_names(folders: Sequence[Path]) -> list[str]:
    short = [folder.resolve().name for folder in folders]
    return short if len(set(short)) == len(short) else [str(folder) for folder in folders]


def _counted(name: str, tables: Sequence[pd.DataFrame]) -> str:
    seeds = len({seed for table in tables for seed in table["replica"]})
    return f"{name} ({seeds} seeds)" if seeds > 1 else name
