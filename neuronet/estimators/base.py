"""Training of the classifier and the regressor, and its continuation."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import check_is_fitted, validate_data

from neuronet.core import ConfigurationError, Encoding, Payoff
from neuronet.engines.base import Setup, State
from neuronet.estimators.data import EstimatorData, encoded_samples, fit_encoding, plain_array
from neuronet.estimators.parameters import NeuronParameters
from neuronet.models import Model
from neuronet.training import EarlyStopping, Result, Run, RunConfig, RunContext, build_run, continue_run

FIXED = ("policy", "hidden", "activation", "connectivity", "init", "channels", "optimizer", "update_schedule", "seed")
"""Options of a run that `partial_fit` cannot change."""

FLOATS = (np.float64, np.float32)


class NeuronEstimator(NeuronParameters, ABC):
    """Network of neurons with scikit-learn's interface.

    Attributes:
        n_features_in_: Number of inputs, I.
        feature_names_in_: (I,), names of the columns, if the inputs were a frame whose columns have texts as names.
        model_: Trained network, which can be saved, loaded and exported.
        result_: Result of `fit`, or of the last `partial_fit`. Its test columns are nan where early stopping holds nothing out.
        n_iter_: Number of epochs played.
        loss_curve_: Mean training loss of each epoch, while learning.
        validation_loss_curve_: Loss on the held-out samples after each epoch; None without early stopping.
    """

    n_features_in_: int
    feature_names_in_: NDArray[Any]
    model_: Model
    result_: Result
    n_iter_: int
    loss_curve_: list[float]
    validation_loss_curve_: list[float] | None
    _game: tuple[Setup, State]

    def _validated(self, X: Any, y: Any, *, reset: bool, **checks: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return inputs (N, I) and targets as scikit-learn checks them."""
        inputs, targets = validate_data(self, plain_array(X, "X"), plain_array(y, "y"), reset=reset, dtype=FLOATS, **checks)
        return inputs, targets

    def _inputs(self, X: Any) -> NDArray[Any]:
        """Return inputs (N, I) for a fitted estimator."""
        check_is_fitted(self, "model_")
        inputs: NDArray[Any] = validate_data(self, plain_array(X, "X"), reset=False, dtype=FLOATS)
        return inputs

    def _train(
        self, inputs: NDArray[Any], targets: NDArray[Any], payoff: Payoff, classes: NDArray[Any] | None, **changes: Any
    ) -> None:
        """Train a network from the beginning.

        Args:
            inputs: (N, I) finite numbers.
            targets: (N,) classes from 0, or (N, O) values.
            payoff: Payoff of the outputs.
            classes: (O,) the classes; None for values.
            **changes: Options of the run in place of the parameters.
        """
        config = self._config(**changes)
        train, held_out = self._split(len(inputs), targets if payoff.classes else None, config.seed)
        features = tuple(self.feature_names_in_) if hasattr(self, "feature_names_in_") else ()
        encoding = fit_encoding(inputs[train], targets[train], features=features, classes=classes, standardize=self.standardize)
        data = EstimatorData(
            encoded_samples(inputs[train], targets[train], encoding),
            None if held_out is None else encoded_samples(inputs[held_out], targets[held_out], encoding),
            targets.shape[1] if classes is None else len(classes),
            payoff,
            encoding,
        )
        self._play(build_run(config, environment=data, network=self.network), [])

    def _split(self, count: int, classes: NDArray[Any] | None, seed: int) -> tuple[Any, NDArray[np.int64] | None]:
        """Return the indices of training samples and of those that are held out, if any."""
        if not self.early_stopping:
            return slice(None), None
        share = self.validation_fraction
        train, held_out = train_test_split(np.arange(count), test_size=share, random_state=seed % 2**32, stratify=classes)
        return train, held_out

    def _train_epoch(self, inputs: NDArray[Any], targets: NDArray[Any], payoff: Payoff, classes: NDArray[Any] | None) -> None:
        """Train for one epoch, from the beginning or from where the training stands; arguments as for `_train`."""
        unfit = "early_stopping" if self.early_stopping else "interventions" if np.size(self.interventions) else None
        if unfit is not None:
            raise ConfigurationError(f"partial_fit plays a single epoch, got {unfit}: leave it out, or use fit")
        if not hasattr(self, "model_"):
            self._train(inputs, targets, payoff, classes, epochs=1, lr_schedule="constant")
            return
        encoding, (setup, state) = self.model_.encoding, self._game
        config = self._next_config(encoding)
        samples = encoded_samples(inputs, targets, encoding)
        data = EstimatorData(samples, None, setup.network.sizes[-1], payoff, encoding)
        self._play(continue_run(config, data, setup, state, self.n_iter_), self.loss_curve_)

    def _next_config(self, encoding: Encoding) -> RunConfig:
        """Return the configuration of the next epoch, and refuse parameters that would need another network or state."""
        last = self.result_.config
        kept = {name: getattr(last, name) for name in ("engine", "dtype") if getattr(self, name) == "auto"}
        if not isinstance(self.random_state, Integral):
            kept["seed"] = last.seed
        config = self._config(epochs=self.n_iter_ + 1, lr_schedule="constant", **kept)
        changed = [name for name in FIXED if getattr(config, name) != getattr(last, name)]
        if self.standardize != (encoding.scaling is not None):
            changed.append("standardize")
        if changed:
            name = "random_state" if changed[0] == "seed" else changed[0]
            raise ConfigurationError(f"partial_fit continues the training, but {name} has changed since: use fit to begin again")
        return config

    def _play(self, context: RunContext, losses_before: Sequence[float]) -> None:
        """Play all epochs of a run, and keep what it leaves."""
        callbacks = [EarlyStopping(patience=self.n_iter_no_change, min_delta=self.tol)] if self.early_stopping else []
        with closing(context.engine):
            result = Run(context, None, callbacks).run()
            self._game = context.engine.setup, context.engine.state()
        self.validation_loss_curve_ = result.metrics["test_loss"].tolist() if self.early_stopping else None
        self.result_ = result if self.early_stopping else _without_test(result)
        self.model_ = self.result_.model
        self.loss_curve_ = [*losses_before, *result.metrics["train_loss"].tolist()]
        self.n_iter_ = len(self.loss_curve_)


def _without_test(result: Result) -> Result:
    """Return a result without the numbers that would be those of held-out samples."""
    models = tuple(
        replace(model, confusion=None, facts={**model.facts, "test_loss": None, "test_accuracy": None}) for model in result.models
    )
    return replace(result, models=models, metrics=result.metrics.assign(test_loss=np.nan, test_accuracy=np.nan))
