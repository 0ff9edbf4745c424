"""Figures by name, so that a result can draw itself although it must not import the plotting package.

A result calls `draw("comparison", ...)`; the module with the figure's function is imported at that moment.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from neuronet.core import unknown_name_error

FIGURES: dict[str, str] = {
    "alignment": "neuronet.plotting.alignment:alignment_figure",
    "comparison": "neuronet.plotting.comparison:comparison_figure",
    "comparison-result": "neuronet.plotting.comparison_result:comparison_result_figure",
    "continual-accuracy": "neuronet.plotting.continual.accuracy:average_accuracy_figure",
    "continual-frontier": "neuronet.plotting.continual.accuracy:frontier_figure",
    "continual-matrices": "neuronet.plotting.continual.accuracy:matrices_figure",
    "continual-summary": "neuronet.plotting.continual.study_summary:study_summary_figure",
    "inequality": "neuronet.plotting.inequality:inequality_figure",
    "learning-curves": "neuronet.plotting.learning_curves:curves_figure",
    "network": "neuronet.plotting.network.page:network_figure",
    "reproduction-accuracy": "neuronet.plotting.reproduction.accuracy:accuracy_figure",
    "reproduction-depth": "neuronet.plotting.reproduction.depth:depth_figure",
    "reproduction-frontier": "neuronet.plotting.reproduction.frontiers:frontiers_figure",
    "returns": "neuronet.plotting.returns:returns_figure",
}
"""Import string, "module:function", of each figure; the functions return a matplotlib figure."""


def make_figure(name: str, data: Any, **options: Any) -> Any:
    """Return a matplotlib figure.

    Args:
        name: A name among FIGURES.
        data: Data of the figure, such as a table or a network.
        **options: Other arguments of the figure's function.

    Raises:
        SpecError: There is no figure with this name.
        DataError: The data do not fit the figure.
    """
    if name not in FIGURES:
        raise unknown_name_error("figure", name, FIGURES)
    module, function = FIGURES[name].split(":")
    return getattr(import_module(module), function)(data, **options)


def draw(figure: str, data: Any, path: str | Path, **options: Any) -> Path:
    """Draw a figure to a file and return the file's path.

    Args:
        figure: A name among FIGURES.
        data: Data of the figure, such as a table or a network.
        path: A .png, .svg or .pdf file in an existing folder.
        **options: Other arguments of the figure's function.

    Raises:
        SpecError: There is no figure with this name.
        DataError: The data do not fit the figure, or the file cannot be written.
    """
    file: Path = import_module("neuronet.plotting.style").save(make_figure(figure, data, **options), path)
    return file
