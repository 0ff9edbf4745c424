"""Figures of continual-learning studies."""

from neuronet.plotting.continual.accuracy import average_accuracy_figure, draw_line, frontier_figure, line_styles, matrices_figure
from neuronet.plotting.continual.study_summary import study_summary_figure

__all__ = ["average_accuracy_figure", "draw_line", "frontier_figure", "line_styles", "matrices_figure", "study_summary_figure"]
