"""Regression with scikit-learn's interface."""

from __future__ import annotations

from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.validation import column_or_1d

from neuronet.core import DataError, SquaredError
from neuronet.estimators.base import NeuronEstimator

Floats = NDArray[np.float64]


@final
class NeuronRegressor(RegressorMixin, NeuronEstimator):
    """Regressor of scikit-learn: a network of neurons that follow policies, paid by the squared error.

    The parameters are options of `neuronet.train` by the same names, with its defaults: `policy`, `hidden`, `epochs`,
    `learning_rate` and the others of `__init__`; the engine is "tensors". They are stored as they are given, and checked by
    `fit`. Targets may have several values. Weights of samples are not supported: a weighted sample would not equal a repeated
    one, since repetition changes the rounds.

    Attributes:
        n_features_in_, feature_names_in_: Number of inputs, and their names where the inputs were a frame.
        n_iter_: Number of epochs played.
        loss_curve_, validation_loss_curve_: Loss of each epoch, in training and on held-out samples; of standardised targets,
            if `standardize`.
        model_: Trained network (neuronet.models.Model), which can be saved, loaded and exported.
        result_: Result of `fit`, or of the last `partial_fit`.
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train a fresh network.

        Args:
            X: (N, I) finite numbers: array, frame or nested list; not sparse.
            y: (N,) or (N, O) finite numbers.

        Returns:
            The estimator.

        Raises:
            ValueError: Data or a parameter are not valid; NeuroNetError where the parameter is NeuroNet's.
            DivergedError: The loss is not finite.
        """
        inputs, values = self._with_values(X, y, reset=True)
        self._train(inputs, values, SquaredError(), None)
        return self

    def partial_fit(self, X: Any, y: Any) -> Self:
        """Train for one epoch on these samples, from where the training stands.

        The learning rate is constant: the end of the training is not known. The first call fixes the number of values and, if
        `standardize`, the scaling of inputs and targets.

        Args:
            X: (N, I) finite numbers, as for `fit`.
            y: (N,) or (N, O) finite numbers.

        Returns:
            The estimator.

        Raises:
            ValueError: As for `fit`; or a parameter that shapes the network has changed.
        """
        begun = hasattr(self, "model_")
        inputs, values = self._with_values(X, y, reset=not begun)
        if begun and values.shape[1] != self.model_.network.sizes[-1]:
            outputs = self.model_.network.sizes[-1]
            raise DataError(f"y must have {outputs} values for each sample, as in the first call, got {values.shape[1]}")
        self._train_epoch(inputs, values, SquaredError(), None)
        return self

    def predict(self, X: Any) -> Floats:
        """Return the predicted values in their own unit, (N,), or (N, O) where the targets had several.

        Args:
            X: (N, I) finite numbers, with the columns of the training samples.
        """
        inputs = self._inputs(X)
        return self.model_.predict(inputs)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _with_values(self, X: Any, y: Any, *, reset: bool) -> tuple[NDArray[Any], Floats]:
        inputs, values = self._validated(X, y, reset=reset, multi_output=True, y_numeric=True)
        if values.ndim == 2 and values.shape[1] == 1:
            values = column_or_1d(values, warn=True)
        values = values.astype(np.float64)
        return inputs, values[:, None] if values.ndim == 1 else values
