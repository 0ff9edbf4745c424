"""Conversion of torch modules: Linear and Conv layers become layers of neurons that follow policies."""

from neuronet.conversion.alignment import gradient_angles
from neuronet.conversion.convert import convert, revert

__all__ = ["convert", "gradient_angles", "revert"]
