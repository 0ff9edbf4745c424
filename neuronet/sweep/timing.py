"""Estimate of the time of a sweep: a few rounds of its groups are played, and the rest is extrapolated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from neuronet.benchmarking import threads
from neuronet.execution import Executor
from neuronet.sweep.cells import Cell, benefits_from_batching, estimated_seconds, make_groups
from neuronet.sweep.environment_info import EnvironmentInfo, environment_key, load_environment
from neuronet.sweep.worker import measure_group
from neuronet.training import RunConfig

MAX_MEASURED_GROUPS = 8
"""Groups of which rounds are played, at most; the others are estimated by their size, at the measured speed."""


@dataclass(frozen=True)
class TimeEstimate:
    """Estimated time of the cells that have no result yet.

    Attributes:
        seconds: Seconds until all are done, with these processes.
        core_seconds: Seconds of one core.
        processes: Number of processes.
        measured: Number of groups of which rounds were played.
        groups: Number of all groups.
    """

    seconds: float
    core_seconds: float
    processes: int
    measured: int
    groups: int


def estimate_time(
    cells: Sequence[Cell],
    infos: Mapping[str, EnvironmentInfo],
    executor: Executor,
    max_group_size: int,
    *,
    curves: bool = False,
) -> TimeEstimate:
    """Return the estimated time of cells, from a few rounds and one evaluation of some of their groups.

    Args:
        cells: Cells without a result.
        infos: Their environments, by `environment_key`.
        executor: Decides the number of processes.
        max_group_size: Largest number of cells that run together.
        curves: Whether the cells are evaluated after every epoch.
    """

    def info(config: RunConfig) -> EnvironmentInfo:
        return infos[environment_key(config)]

    def by_size(group: Sequence[Cell]) -> float:
        return estimated_seconds(group, info(group[0].config))

    groups = make_groups(cells, max_group_size, lambda config: benefits_from_batching(config, info(config)))
    if not groups:
        return TimeEstimate(0.0, 0.0, 1, 0, 0)
    ordered = sorted(range(len(groups)), key=lambda index: by_size(groups[index]))
    spread = np.linspace(0, len(groups) - 1, min(MAX_MEASURED_GROUPS, len(groups)))
    chosen = {ordered[int(place)] for place in spread}
    measured: dict[int, float] = {}
    with threads(1), threadpool_limits(1):
        for index in chosen:
            configs = [cell.config for cell in groups[index]]
            seconds = measure_group(configs, load_environment(info(configs[0]), configs[0]), curves=curves)
            if seconds is not None:
                measured[index] = seconds
    ratio = sum(measured.values()) / sum(by_size(groups[index]) for index in measured) if measured else 1.0
    times = [measured.get(index, ratio * by_size(group)) for index, group in enumerate(groups)]
    processes = executor.worker_count(len(groups), sum(times))
    return TimeEstimate(max(sum(times) / processes, *times), sum(times), processes, len(measured), len(groups))
