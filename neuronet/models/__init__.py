"""Trained networks that can be used: prediction, scores, files, torch modules."""

from neuronet.models.files import load, model_to_arrays, save_model
from neuronet.models.model import Model

__all__ = ["Model", "load", "model_to_arrays", "save_model"]
