"""Conversion of torch modules: Linear and Conv layers become layers of neurons that follow policies."""

from neuronet.conversion.alignment import gradient_angles
from neuronet.conversion.convert import convert, revert
from neuronet.conversion.layers import PolicyLayer

__all__ = ["PolicyLayer", "convert", "gradient_angles", "revert"]
