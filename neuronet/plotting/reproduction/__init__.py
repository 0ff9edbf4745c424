"""Figures of reproductions."""

from neuronet.plotting.reproduction.accuracy import accuracy_figure
from neuronet.plotting.reproduction.depth import depth_figure
from neuronet.plotting.reproduction.frontiers import frontiers_figure

__all__ = ["accuracy_figure", "depth_figure", "frontiers_figure"]
