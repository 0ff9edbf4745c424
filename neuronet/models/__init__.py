"""Trained networks that can be used: prediction, scores, files, torch modules."""

from neuronet.models.files import model_to_arrays
from neuronet.models.model import Model, load, shown
from neuronet.models.predictions import Predictions, predict_file, write_predictions
from neuronet.models.scores import ClassScores

__all__ = ["ClassScores", "Model", "Predictions", "load", "model_to_arrays", "predict_file", "shown", "write_predictions"]
