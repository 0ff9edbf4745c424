"""Conversion of torch modules: Linear and Conv layers become layers of neurons that follow policies."""

from neuronet.conversion.alignment import gradient_angles
from neuronet.conversion.convert import convert, revert
from neuronet.conversion.layers import PolicyLayer
from neuronet.conversion.lenet import LENET_SIDE, follow, lenet, weighted

__all__ = ["LENET_SIDE", "PolicyLayer", "convert", "follow", "gradient_angles", "lenet", "revert", "weighted"]
