"""Comparisons of policies with error backpropagation over the same seeds."""

from neuronet.comparison.parts import CURVE_TYPES
from neuronet.comparison.result import Comparison, build_table
from neuronet.comparison.study import compare

__all__ = ["CURVE_TYPES", "Comparison", "build_table", "compare"]
