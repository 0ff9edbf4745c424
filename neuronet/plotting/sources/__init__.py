"""Figures of runs and studies, drawn from the folders in which they are recorded."""

from neuronet.plotting.sources.registry import KINDS, kinds_of, plot

__all__ = ["KINDS", "kinds_of", "plot"]
