"""Figures by name, so that results can draw themselves without importing the plotting package, which lies above them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from neuronet.core.errors import unknown_name_error

FIGURES: dict[str, str] = {
    "accuracy-matrices": "neuronet.plotting.continual.accuracy:draw_matrices",
    "alignment": "neuronet.plotting.alignment:draw_alignment",
    "average-accuracy": "neuronet.plotting.continual.accuracy:draw_average_accuracy",
    "comparison": "neuronet.plotting.comparison:draw_comparison",
    "learning-curves": "neuronet.plotting.learning_curves:draw_curves",
    "network": "neuronet.plotting.network.page:draw_network",
    "pareto-front": "neuronet.plotting.continual.accuracy:draw_frontier",
    "returns": "neuronet.plotting.returns:draw_returns",
    "study-summary": "neuronet.plotting.continual.study_summary:draw_study_summary",
}
"""Drawing function of each figure as "module:function"; every one takes its data, a path, and options, and returns the path."""


def draw(kind: str, *data: Any, path: str | Path, **options: Any) -> Path:
    """Draw a figure into a file and return the path.

    Args:
        kind: A key of FIGURES.
        *data: The positional arguments of the drawing function before the path.
        path: A .png, .svg or .pdf file in an existing folder.
        **options: The keyword arguments of the drawing function.

    Raises:
        SpecError: The kind is unknown.
        DataError: The data cannot be drawn, or the file cannot be written.
    """
    if kind not in FIGURES:
        raise unknown_name_error("figure", kind, FIGURES)
    module, _, function = FIGURES[kind].partition(":")
    return Path(getattr(import_module(module), function)(*data, path, **options))
