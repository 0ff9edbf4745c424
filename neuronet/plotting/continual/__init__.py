"""Figures of continual-learning studies."""

from neuronet.plotting.continual.accuracy import (
    draw_average_accuracy,
    draw_frontier,
    draw_line,
    draw_matrices,
    line_styles,
)
from neuronet.plotting.continual.study_summary import draw_study_summary

__all__ = [
    "draw_average_accuracy",
    "draw_frontier",
    "draw_line",
    "draw_matrices",
    "draw_study_summary",
    "line_styles",
]
