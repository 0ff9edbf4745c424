"""Figures of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuronet.plotting.alignment import draw_alignment
from neuronet.plotting.attention import draw_attention
from neuronet.plotting.learning_curves import draw_curves, draw_runs
from neuronet.plotting.network.page import draw_network
from neuronet.plotting.receptive_fields import draw_receptive_fields
from neuronet.plotting.sources.attention_data import attention_over_time
from neuronet.plotting.sources.labels import group_runs
from neuronet.plotting.sources.plot_options import Folder, Kind, PlotOptions, require_files
from neuronet.plotting.sources.run_data import RunData
from neuronet.recording import ALIGNMENT, CHECKPOINT, METRICS, RunDirectory
from neuronet.training import read_config


def _run(folder: Folder, options: PlotOptions) -> RunData:
    return RunData(RunDirectory.open(folder, read_config), options.replica, options.log)


def _size_options(options: PlotOptions) -> dict[str, Any]:
    return {} if options.max_neurons is None else {"max_neurons": options.max_neurons}


def _network(folder: Folder, path: Path, options: PlotOptions) -> Path:
    run = _run(folder, options)
    return draw_network(
        run.network, path, policies=run.policies, shape=run.shape, silent=run.silent, max_neurons=options.max_neurons
    )


def _fields(folder: Folder, path: Path, options: PlotOptions) -> Path:
    run = _run(folder, options)
    return draw_receptive_fields(run.network, path, shape=run.shape, varying_inputs=run.varying_inputs, **_size_options(options))


def _attention(folder: Folder, path: Path, options: PlotOptions) -> Path:
    run = _run(folder, options)
    return draw_attention(attention_over_time(run), path, events=run.events)


def _alignment(folder: Folder, path: Path, options: PlotOptions) -> Path:
    return draw_alignment(_run(folder, options).alignment, path)


def _curves(folder: Folder, path: Path, options: PlotOptions) -> Path:
    run = _run(folder, options)
    epoch = float((run.metrics["round"] / run.metrics["epoch"]).iloc[0])  # in rounds
    events = [(number / epoch, what) for number, what in run.events]
    return draw_curves(run.metrics, path, loss_unit=run.loss_unit, events=events)


def draw_multiple_runs(folders: Sequence[Folder], path: Path, options: PlotOptions) -> Path:
    """Draw the learning curves of several runs into one file; runs that differ only in their seeds become one line.

    Raises:
        DataError: A run cannot be read, or the file cannot be written.
    """
    runs = [_run(folder, options) for folder in folders]
    return draw_runs(group_runs(runs), path, loss_unit=" or ".join(dict.fromkeys(run.loss_unit for run in runs)))


_missing_checkpoint = require_files(CHECKPOINT, why="the run has no checkpoint yet")


def _missing_hidden(folder: Folder) -> str | None:
    return _missing_checkpoint(folder) or (
        None if RunDirectory.open(folder, read_config).config.hidden else "the network has no hidden neurons"
    )


RUN_KINDS = {
    "network": Kind(_network, _missing_checkpoint),
    "attention": Kind(_attention, _missing_hidden),
    "alignment": Kind(_alignment, require_files(ALIGNMENT, why="alignment was not measured (neuronet run --alignment)")),
    "fields": Kind(_fields, _missing_checkpoint),
    "curves": Kind(_curves, require_files(METRICS, why="no epoch has ended")),
}
