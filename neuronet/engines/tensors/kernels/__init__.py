"""Numerical parts of the tensor engine: matrix products, activations, losses, devices and precision."""
