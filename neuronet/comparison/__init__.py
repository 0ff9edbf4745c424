"""Comparisons of policies with error backpropagation over the same seeds."""

from neuronet.comparison.contestant import BASELINE
from neuronet.comparison.result import Comparison, build_table
from neuronet.comparison.study import compare

__all__ = ["BASELINE", "Comparison", "build_table", "compare"]
