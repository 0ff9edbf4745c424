"""The pictures of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuronet.plotting.alignment import draw_alignment
from neuronet.plotting.attention import draw_attention
from neuronet.plotting.learning_curves import draw_curves
from neuronet.plotting.network.page import draw_whole_network
from neuronet.plotting.receptive_fields import draw_fields
from neuronet.plotting.runs import draw_runs
from neuronet.plotting.sources.attention_data import over_time
from neuronet.plotting.sources.labels import pooled
from neuronet.plotting.sources.plot_options import Folder, Kind, Wishes, needs
from neuronet.plotting.sources.run_data import RunFolder
from neuronet.recording.run_directory import ALIGNMENT, CHECKPOINT, METRICS, Record


def _run(folder: Folder, wishes: Wishes) -> RunFolder:
    return RunFolder(Record.of(folder), wishes.replica, wishes.say)


def _most(wishes: Wishes) -> dict[str, Any]:
    return {} if wishes.most is None else {"most": wishes.most}


def _network(folder: Folder, path: Path, wishes: Wishes) -> Path:
    run = _run(folder, wishes)
    return draw_whole_network(run.network, path, policies=run.policies, shape=run.shape, silent=run.silent, most=wishes.most)


def _fields(folder: Folder, path: Path, wishes: Wishes) -> Path:
    run = _run(folder, wishes)
    return draw_fields(run.network, path, shape=run.shape, varies=run.varies, **_most(wishes))


def _attention(folder: Folder, path: Path, wishes: Wishes) -> Path:
    run = _run(folder, wishes)
    return draw_attention(over_time(run), path, events=run.events)


def _alignment(folder: Folder, path: Path, wishes: Wishes) -> Path:
    return draw_alignment(_run(folder, wishes).alignment, path)


def _curves(folder: Folder, path: Path, wishes: Wishes) -> Path:
    run = _run(folder, wishes)
    epoch = float((run.metrics["round"] / run.metrics["epoch"]).iloc[0])  # in rounds
    events = [(number / epoch, what) for number, what in run.events]
    return draw_curves(run.metrics, path, loss_unit=run.loss_unit, events=events)


def draw_several(folders: Sequence[Folder], path: Path, wishes: Wishes) -> Path:
    """Draw the learning curves of several runs into one file; runs that differ in their seeds alone are taken together.

    Raises:
        NeuroNetError: A run cannot be read, or the file cannot be written.
    """
    runs = [_run(folder, wishes) for folder in folders]
    return draw_runs(pooled(runs), path, loss_unit=" or ".join(dict.fromkeys(run.loss_unit for run in runs)))


_PLAYED = needs(CHECKPOINT, why="the run has no checkpoint yet")


def _nobody_hidden(folder: Folder) -> str | None:
    return _PLAYED(folder) or (None if Record.of(folder).config.hidden else "the network has no hidden neurons")


RUN_KINDS = {
    "network": Kind(_network, _PLAYED),
    "attention": Kind(_attention, _nobody_hidden),
    "alignment": Kind(_alignment, needs(ALIGNMENT, why="alignment was not measured (neuronet run --alignment)")),
    "fields": Kind(_fields, _PLAYED),
    "curves": Kind(_curves, needs(METRICS, why="no epoch has ended")),
}
