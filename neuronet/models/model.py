"""A trained network with everything that prediction needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import SGD, ConfigurationError, DataError, Encoding, Network, Synchronous, is_frame
from neuronet.engines.base import LayerState, Setup, State
from neuronet.models.environment_samples import decoded_targets, is_of_environment, network_inputs, warn_of_scaled
from neuronet.models.files import load_parts, save_parts
from neuronet.models.parts import ModelParts
from neuronet.models.scores import ClassScores, constant_note
from neuronet.policies import AttentionSeeking

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn

    from neuronet.engines.tensors import TensorEngine

Floats = NDArray[np.float64]

BATCH_SIZE = 2048
"""Number of samples that are predicted at a time."""


class Model(ModelParts):
    """Trained network, with how its inputs are scaled and what its outputs mean.

    It speaks as neurons do in an evaluation: silenced neurons are silent, and channels that are active in evaluations are active.
    Neurons that fire at random (policies such as "reinforce") do so with the same random numbers at each call.
    """

    @classmethod
    def of(cls, setup: Setup, state: State, encoding: Encoding) -> Model:
        """Return the model of a game in a state, a single replica's.

        Args:
            setup: The game, with the network's connections.
            state: Its state after training.
            encoding: Encoding of its inputs and outputs.
        """
        network = state.network(setup.network)
        layers = tuple(LayerState(layer.weights, layer.bias, {}, layer.memories) for layer in state.layers)
        speaks = any("speak" in group.policy.hooks for layer in range(1, len(network.sizes)) for group in setup.groups(layer))
        policies: Any = setup.policies if speaks else AttentionSeeking()
        learning: dict[str, Any] = {"optimizer": SGD(), "update_schedule": Synchronous(), "frozen": frozenset()}
        game = replace(setup, network=network, policies=policies, **learning)
        return cls(game, encoding, state.round, State(state.round, layers) if speaks else None)

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.network.sizes))
        rounds = f"{self.round:,} round{'' if self.round == 1 else 's'}"
        return f"Model({sizes}, {self.facts.get('policy', 'policy unknown')}, trained for {rounds})"

    @property
    def network(self) -> Network:
        """The network."""
        return self.setup.network

    @property
    def classes(self) -> NDArray[Any] | None:
        """The class of each output, (O,) numbers or strings; None for values."""
        return self.encoding.classes

    def outputs(self, inputs: Any) -> Floats:
        """Return the outputs of the network, (N, O): logits of classes, or standardised values.

        Args:
            inputs: (N, C) raw values, in the units of the training data; images may keep their shape. A frame's columns are
                found by name if the model knows the names of its features; they may be categories if those of the training
                data were, and have gaps if the run filled them. Or an environment, or its spec, for its test samples; or
                samples such as `environment.train`: these are scaled once, whatever form they are in.

        Raises:
            DataError: The inputs do not fit, are missing, or have a category that no training sample had.
        """
        if is_of_environment(inputs):
            return self.outputs_of(network_inputs(inputs, self.encoding))
        raw = select_features(inputs, self.encoding.features)
        warn_of_scaled(raw, self.encoding)
        return self.outputs_of(self.encoding.encode(raw))

    def outputs_of(self, encoded: NDArray[Any]) -> Floats:
        """Return the outputs of the network, (N, O), for its inputs as `encoding.encode` gives them, (N, I)."""
        engine = self._engine()
        parts = [encoded[start : start + BATCH_SIZE] for start in range(0, len(encoded), BATCH_SIZE)]
        outputs = [np.asarray(engine.outputs(part).cpu(), dtype=np.float64) for part in parts]
        engine.close()
        return np.concatenate(outputs) if outputs else np.zeros((0, self.network.sizes[-1]))

    def as_numbers(self, inputs: Any) -> NDArray[Any]:
        """Return raw inputs as the numbers that the module of `to_torch` takes, (N, I).

        Categories become inputs of 0 and 1, named by `encoding.input_names`, and gaps are filled as in the run. Numbers keep
        their units, since the module contains their scaling.

        Args:
            inputs: As for `outputs`.

        Raises:
            DataError: As for `outputs`.
        """
        return self.encoding.as_numbers(select_features(inputs, self.encoding.features))

    def predict(self, inputs: Any) -> NDArray[Any]:
        """Return the most probable class of each sample, (N,), or values in the units of the training data, (N, O).

        A single value for each sample has the shape (N,).

        Args:
            inputs: As for `outputs`.

        Raises:
            DataError: The inputs do not fit.
        """
        return self.decoded(self.outputs(inputs))

    def decoded(self, outputs: Floats) -> NDArray[Any]:
        """Return the predictions that belong to outputs, (N,) or (N, O); see `predict`."""
        predictions = self.encoding.decode(outputs)
        return predictions[:, 0] if self.classes is None and predictions.shape[1] == 1 else predictions

    def predict_proba(self, inputs: Any) -> Floats:
        """Return the probability of each class, (N, O), in the order of `classes`.

        Args:
            inputs: As for `outputs`.

        Raises:
            ConfigurationError: The targets are values.
            DataError: The inputs do not fit.
        """
        if self.classes is None:
            raise ConfigurationError("values have no probabilities: use predict")
        from scipy.special import softmax

        return np.asarray(softmax(self.outputs(inputs), axis=-1))

    def score(self, inputs: Any, targets: Any = None) -> float:
        """Return the accuracy (0 to 1) for classes, or the mean coefficient of determination (at most 1) for values.

        Args:
            inputs: As for `outputs`: `model.score("digits")` is the score on the test samples of that environment.
            targets: (N,) classes as in `classes`, or (N,) or (N, O) values; an environment and samples have their own.

        Raises:
            DataError: Inputs or targets do not fit.
        """
        return self.score_of(self.predict(inputs), self._targets(inputs, targets))

    def score_of(self, predictions: NDArray[Any], targets: Any) -> float:
        """Return the score of predictions; targets, result and errors are those of `score`."""
        if self.classes is None:
            from sklearn.metrics import r2_score

            return float(r2_score(self._expected(predictions, targets), predictions))
        return float(np.mean(self._expected(predictions, targets) == predictions))

    def class_scores(self, inputs: Any, targets: Any = None) -> ClassScores:
        """Return accuracy, balanced accuracy, macro F1 and the confusion matrix.

        Args:
            inputs: As for `outputs`.
            targets: (N,) classes as in `classes`, one sample or more; an environment and samples have their own.

        Raises:
            ConfigurationError: The targets are values.
            DataError: Inputs or targets do not fit.
        """
        return self.class_scores_of(self.predict(inputs), self._targets(inputs, targets))

    def class_scores_of(self, predictions: NDArray[Any], targets: Any) -> ClassScores:
        """Return the scores of predicted classes; targets, result and errors are those of `class_scores`."""
        if self.classes is None:
            raise ConfigurationError("values have no classes to count: use score")
        if not len(predictions):
            raise DataError("scores of classes need one sample or more, got none")
        from sklearn.metrics import confusion_matrix

        labels = self.classes.tolist()
        expected = self._expected(predictions, targets)
        return ClassScores.of(confusion_matrix(expected.tolist(), predictions.tolist(), labels=labels))

    def _targets(self, inputs: Any, targets: Any) -> Any:
        if targets is not None:
            return targets
        if not is_of_environment(inputs):
            raise DataError("targets are missing: only an environment and its samples have their own")
        return decoded_targets(inputs, self.encoding)

    def _expected(self, predictions: NDArray[Any], targets: Any) -> NDArray[Any]:
        """Return targets that fit predictions.

        Raises:
            DataError: Their shape differs, or a class is unknown.
        """
        expected = np.asarray(targets)
        if expected.shape[:1] != predictions.shape[:1] or expected.ndim != predictions.ndim:
            raise DataError(f"targets must have the shape {predictions.shape} of the predictions, got {expected.shape}")
        unknown = set() if self.classes is None else set(expected.tolist()) - set(self.classes.tolist())
        if unknown:
            name = min(unknown, key=str)
            raise DataError(f"the model does not know the class {name!r}: its classes are {shown(self.classes)}")
        return expected

    @property
    def test_scores(self) -> ClassScores | None:
        """Scores on the run's test samples; None for values, and where they are not known."""
        return None if self.confusion is None or not self.confusion.any() else ClassScores.of(self.confusion)

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines about the model that a reader should know: that it predicts one class for every test sample."""
        note = None if self.confusion is None or self.classes is None else constant_note(self.confusion, self.classes)
        return () if note is None else (note,)

    def summary(self) -> dict[str, Any]:
        """Return the model as plain data, as `neuronet show --json` prints it."""
        scores = self.test_scores
        return {
            "sizes": list(self.network.sizes),
            "connections": self.network.connections,
            "round": self.round,
            "classes": None if self.classes is None else self.classes.tolist(),
            "features": list(self.encoding.features),
            "confusion": None if self.confusion is None else self.confusion.tolist(),
            **({} if scores is None else {"balanced_accuracy": scores.balanced_accuracy, "macro_f1": scores.macro_f1}),
            **self.facts,
        }

    def save(self, path: str | Path) -> Path:
        """Write the model to a .safetensors file, which `neuronet.load` reads; it holds numbers and text alone.

        Raises:
            DataError: The file cannot be written.
        """
        return save_parts(self, path)

    def to_torch(self) -> nn.Sequential:
        """Return a torch module that takes raw inputs (N, I) and gives the outputs, in the precision of the run.

        Inputs are numbers before their scaling, which the module contains: `as_numbers(frame)` makes them from a frame with
        categories or gaps, as in `module(torch.from_numpy(model.as_numbers(frame)))`.

        Raises:
            ConfigurationError: Its neurons do more than a torch module can: channels or random firing.
        """
        from neuronet.models.torch_export import to_torch

        return to_torch(self)

    def _engine(self) -> TensorEngine:
        from neuronet.engines.tensors import TensorEngine

        engine = TensorEngine(self.setup, device="cpu")
        engine.restore(self.state or replace(engine.state(), round=self.round))
        return engine


def load(path: str | Path, *, trust: bool = False) -> Model:
    """Return the model in a file, or in the folder of a run.

    Args:
        path: A .safetensors file that `save` has written, or the folder of a run.
        trust: Whether classes of modules that are not NeuroNet's may be imported, which runs their code. Only models whose
            policies decide what neurons say, and models with channels of one's own, need such classes.

    Raises:
        DataError: There is no model, or the file is broken.
        SpecError: The model needs a class of a module that may not be imported.
    """
    return Model(**vars(load_parts(path, trust=trust)))


def select_features(inputs: Any, features: Sequence[str]) -> Any:
    """Return inputs as an array, or the columns of a frame in the order of the features.

    Raises:
        DataError: The frame lacks a feature, or has a column that is none.
    """
    if not is_frame(inputs) or not features:
        return np.asarray(inputs)
    frame: pd.DataFrame = inputs
    names = list(map(str, frame.columns))
    missing = [name for name in features if name not in names]
    if missing:
        raise DataError(f"the data lack the feature '{missing[0]}': the model was trained on {shown(features)}")
    other = [name for name in names if name not in features]
    if other:
        raise DataError(f"the data have a column '{other[0]}' that the model was not trained on: leave it out")
    return frame.set_axis(names, axis=1)[list(features)]


def shown(names: Any, most: int = 12) -> str:
    """Return names as a text, the first ones if there are many."""
    texts = [str(name) for name in names[:most]]
    return ", ".join(texts) + (f" and {len(names) - most} more" if len(names) > most else "")
