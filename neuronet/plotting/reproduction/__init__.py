"""Figures of reproductions."""

from neuronet.plotting.reproduction.frontiers import frontiers_figure

__all__ = ["frontiers_figure"]
