"""Comparisons of policies with error backpropagation over the same seeds."""
