"""Figures by name, so that a result can draw itself although it must not import the plotting package.

A result calls `draw("comparison", ...)`; the module with the drawing function is imported at that moment.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from neuronet.core import unknown_name_error

FIGURES: dict[str, str] = {
    "alignment": "neuronet.plotting.alignment:draw_alignment",
    "comparison": "neuronet.plotting.comparison:draw_comparison",
    "continual-accuracy": "neuronet.plotting.continual.accuracy:draw_average_accuracy",
    "continual-frontier": "neuronet.plotting.continual.accuracy:draw_frontier",
    "continual-matrices": "neuronet.plotting.continual.accuracy:draw_matrices",
    "continual-summary": "neuronet.plotting.continual.study_summary:draw_study_summary",
    "learning-curves": "neuronet.plotting.learning_curves:draw_curves",
    "network": "neuronet.plotting.network.page:draw_network",
    "returns": "neuronet.plotting.returns:draw_returns",
}
"""Import string, "module:function", of each figure; the functions return the path of the file they have drawn."""


def draw(figure: str, *args: Any, **options: Any) -> Path:
    """Draw a figure to a file and return the file's path.

    Args:
        figure: A name among FIGURES.
        *args: Arguments of the drawing function.
        **options: Its keyword arguments.

    Raises:
        SpecError: There is no figure with this name.
    """
    if figure not in FIGURES:
        raise unknown_name_error("figure", figure, FIGURES)
    module, function = FIGURES[figure].split(":")
    path: Path = getattr(import_module(module), function)(*args, **options)
    return path
