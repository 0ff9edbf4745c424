"""Estimators with scikit-learn's interface: networks of neurons in pipelines, grid searches and cross-validation."""

from neuronet.estimators.classifier import NeuronClassifier
from neuronet.estimators.regressor import NeuronRegressor

__all__ = ["NeuronClassifier", "NeuronRegressor"]
