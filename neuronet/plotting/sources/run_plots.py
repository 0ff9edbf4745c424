"""Figures of a run."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from neuronet.core import DataError
from neuronet.plotting.alignment import alignment_figure
from neuronet.plotting.attention import attention_figure
from neuronet.plotting.inequality import inequality_figure
from neuronet.plotting.learning_curves import curves_figure, runs_figure
from neuronet.plotting.network.page import network_figure
from neuronet.plotting.receptive_fields import receptive_fields_figure
from neuronet.plotting.sources.attention_data import attention_over_time
from neuronet.plotting.sources.labels import group_runs, label_runs
from neuronet.plotting.sources.plot_options import Folder, Kind, PlotOptions, require_files
from neuronet.plotting.sources.run_data import RunData
from neuronet.recording import ALIGNMENT, CHECKPOINT, INEQUALITY, METRICS, RunDirectory
from neuronet.training import in_epochs, read_config


def _run(folder: Folder, options: PlotOptions) -> RunData:
    return RunData(RunDirectory.open(folder, read_config), options.replica, options.log)


def _network(folder: Folder, options: PlotOptions) -> Figure:
    run = _run(folder, options)
    return network_figure(run.network, policies=run.policies, shape=run.shape, silent=run.silent, **options.size)


def _fields(folder: Folder, options: PlotOptions) -> Figure:
    run = _run(folder, options)
    return receptive_fields_figure(run.network, shape=run.shape, varying_inputs=run.varying_inputs, **options.size)


def _attention(folder: Folder, options: PlotOptions) -> Figure:
    run = _run(folder, options)
    return attention_figure(attention_over_time(run), events=run.events)


def _alignment(folder: Folder, options: PlotOptions) -> Figure:
    run = _run(folder, options)
    return alignment_figure(run.run_directory.table(ALIGNMENT), events=in_epochs(run.events, run.metrics))


def _inequality(folder: Folder, options: PlotOptions) -> Figure:
    run = _run(folder, options)
    events = in_epochs(run.events, run.metrics)
    return inequality_figure(run.run_directory.table(INEQUALITY), metrics=run.metrics, loss_unit=run.loss_unit, events=events)


def _curves(folder: Folder, options: PlotOptions) -> Figure:
    run = _run(folder, options)
    return curves_figure(run.metrics, loss_unit=run.loss_unit, events=in_epochs(run.events, run.metrics))


def multiple_runs_figure(folders: Sequence[Folder], options: PlotOptions) -> Figure:
    """Return the learning curves of several runs in one figure; runs that differ only in their seeds become one line.

    Raises:
        DataError: A run cannot be read.
    """
    runs = [_run(folder, options) for folder in folders]
    return runs_figure(group_runs(runs), loss_unit=" or ".join(dict.fromkeys(run.loss_unit for run in runs)))


def joint_inequality_figure(folders: Sequence[Folder], options: PlotOptions) -> Figure:
    """Return the inequality of runs that differ in their seeds alone, as if they were replicas of one run.

    Raises:
        DataError: A run was not measured, or the runs differ in more.
    """
    runs = [_run(folder, options) for folder in folders]
    missing = next((folder for folder in folders if _missing_inequality(folder)), None)
    if missing is not None:
        raise DataError(f"'{missing}' has no inequality: {_missing_inequality(missing)}")
    names = label_runs([run.run_directory.config.model_dump(mode="json") for run in runs])
    if len(set(names)) > 1:
        raise DataError(f"inequality joins runs that differ in their seeds alone, but these differ in {' and '.join(names[:2])}")
    seeds = [seed for run in runs for seed in run.run_directory.config.seeds]
    if len(set(seeds)) < len(seeds):
        raise DataError("inequality joins runs of different seeds, but two of these have a seed in common")
    tables = [_by_seed(run, run.run_directory.table(INEQUALITY)) for run in runs]
    metrics = pd.concat([_by_seed(run, run.metrics) for run in runs], ignore_index=True)
    events = [event for run in runs for event in in_epochs(run.events, run.metrics)]
    table = pd.concat(tables, ignore_index=True)
    return inequality_figure(table, metrics=metrics, loss_unit=runs[0].loss_unit, events=list(dict.fromkeys(events)))


def _by_seed(run: RunData, table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(replica=table["replica"] + run.run_directory.config.seed)


_missing_checkpoint = require_files(CHECKPOINT, why="the run has no checkpoint yet")


def _missing_hidden(folder: Folder) -> str | None:
    return _missing_checkpoint(folder) or (
        None if RunDirectory.open(folder, read_config).config.hidden else "the network has no hidden neurons"
    )


_missing_inequality = require_files(INEQUALITY, why="it was not measured (neuronet run --inequality)")

RUN_KINDS = {
    "network": Kind(_network, _missing_checkpoint),
    "attention": Kind(_attention, _missing_hidden),
    "alignment": Kind(_alignment, require_files(ALIGNMENT, why="alignment was not measured (neuronet run --alignment)")),
    "inequality": Kind(_inequality, _missing_inequality),
    "fields": Kind(_fields, _missing_checkpoint),
    "curves": Kind(_curves, require_files(METRICS, why="no epoch has ended")),
}
