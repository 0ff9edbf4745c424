"""Figures of continual studies, comparisons, sweeps and control runs."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from neuronet.comparison import CURVE_TYPES
from neuronet.continual import TUNING_TYPES, summarize_studies
from neuronet.control import EPISODES, ControlRunDirectory, read_config
from neuronet.core import DataError
from neuronet.engines.base import Setup
from neuronet.plotting.comparison import comparison_figure
from neuronet.plotting.continual import average_accuracy_figure, frontier_figure, matrices_figure
from neuronet.plotting.network.page import network_figure
from neuronet.plotting.returns import returns_figure
from neuronet.plotting.sources.plot_options import Folder, Kind, PlotOptions, require_files
from neuronet.plotting.sweep import sweep_attention_figure, sweep_figure, sweep_inequality_figure
from neuronet.recording import CHECKPOINT, TRACES, StudyStore, make_figure
from neuronet.registry import build_network
from neuronet.sweep import SweepStore, read_curves, read_traces
from neuronet.training import network_labels

UNFINISHED = "the study is not finished"


def _matrices(folder: Folder, _: PlotOptions) -> Figure:
    return matrices_figure(summarize_studies([folder]).studies[0].matrices)


def _average_accuracy(folder: Folder, _: PlotOptions) -> Figure:
    return average_accuracy_figure(summarize_studies([folder]).studies[0].matrices)


def _frontier(folder: Folder, _: PlotOptions) -> Figure:
    return frontier_figure(_tuning(folder))


def _missing_tuning(folder: Folder) -> str | None:
    unfinished = require_files("tuning.csv", why=UNFINISHED)(folder)
    return unfinished or (None if len(_tuning(folder)) else "nothing was tuned (neuronet continual --tune)")


def _comparison(folder: Folder, _: PlotOptions) -> Figure:
    curves = StudyStore(folder, "comparison").read_table("curves.csv", {"policy": "object", **CURVE_TYPES})
    measure = "accuracy" if curves["test_accuracy"].notna().any() else "loss"
    return comparison_figure(curves, measure=measure)


def _control_network(folder: Folder, options: PlotOptions) -> Figure:
    run_directory = ControlRunDirectory.open(folder, read_config)
    checkpoint = run_directory.load()
    assert checkpoint is not None  # its file was found
    config, (state, _) = run_directory.config, checkpoint
    sizes = (state.layers[0].weights.shape[1], *(len(layer.bias) for layer in state.layers))
    network = build_network(
        sizes,
        connectivity=config.connectivity,
        activation=config.activation,
        seed=config.seed,
        layout="dense",
    )
    groups = config.policy.groups(network, config.seed)
    labels = network_labels(Setup(network, groups), None)
    return network_figure(state.network(network), **options.size, **labels)


def _reproduction(folder: Folder, _: PlotOptions) -> Figure:
    from neuronet.reproduction import read_reproduction

    result = read_reproduction(folder)
    figure: Figure = make_figure(result.study.figure, result.records)
    return figure


def _returns(folder: Folder, _: PlotOptions) -> Figure:
    return returns_figure(ControlRunDirectory.open(folder, read_config).episodes())


def _sweep_curves(folder: Folder, options: PlotOptions) -> Figure:
    return sweep_figure(read_curves(folder), log=options.log)


def _sweep_inequality(folder: Folder, options: PlotOptions) -> Figure:
    return sweep_inequality_figure(read_curves(folder), log=options.log)


def _sweep_attention(folder: Folder, options: PlotOptions) -> Figure:
    return sweep_attention_figure(read_traces(folder), SweepStore(folder).trace_columns(), log=options.log)


def _missing_curves(folder: Folder) -> str | None:
    try:
        read_curves(folder)
    except DataError as error:
        return str(error)
    return None


def _missing_gini(folder: Folder) -> str | None:
    without = "inequality was not measured (inequality = true in the file of the sweep)"
    return _missing_curves(folder) or (None if "gini" in read_curves(folder) else without)


def _missing_traces(folder: Folder) -> str | None:
    return None if any((folder / TRACES).glob("*.parquet")) else "no neurons were traced (trace = 'hidden:16 every epoch')"


def _tuning(folder: Folder) -> pd.DataFrame:
    return StudyStore(folder, "continual study").read_table("tuning.csv", TUNING_TYPES)


CONTINUAL_KINDS = {
    "forgetting": Kind(_matrices, require_files("table.csv", "accuracy.csv", why=UNFINISHED)),
    "curves": Kind(_average_accuracy, require_files("table.csv", "accuracy.csv", why=UNFINISHED)),
    "frontier": Kind(_frontier, _missing_tuning),
}
REPRODUCTION_KINDS = {"reproduction": Kind(_reproduction, require_files("records.csv", why=UNFINISHED))}
COMPARISON_KINDS = {"curves": Kind(_comparison, require_files("curves.csv", why="the comparison is not finished"))}
SWEEP_KINDS = {
    "curves": Kind(_sweep_curves, _missing_curves),
    "inequality": Kind(_sweep_inequality, _missing_gini),
    "attention": Kind(_sweep_attention, _missing_traces),
}
CONTROL_KINDS = {
    "network": Kind(_control_network, require_files(CHECKPOINT, why="the run has no checkpoint yet")),
    "curves": Kind(_returns, require_files(EPISODES, why="no episode has ended")),
}
