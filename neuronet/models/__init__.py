"""Trained networks that can be used: prediction, scores, files, torch modules."""

from neuronet.models.files import load, model_to_arrays, save_model
from neuronet.models.model import Model, shown
from neuronet.models.predictions import Predictions, predict_file, write_predictions

__all__ = ["Model", "Predictions", "load", "model_to_arrays", "predict_file", "save_model", "shown", "write_predictions"]
