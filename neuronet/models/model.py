"""A trained network with everything that prediction needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import SGD, ConfigurationError, DataError, Encoding, Network, Synchronous
from neuronet.engines.base import LayerState, Setup, State
from neuronet.models.files import load_parts, save_parts
from neuronet.models.parts import ModelParts
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
            inputs: (N, I) raw numbers, in the units of the training data; images may keep their shape. A frame's columns are
                found by name if the model knows the names of its features.

        Raises:
            DataError: The inputs do not fit.
        """
        encoded = self.encoding.encode(select_features(inputs, self.encoding.features))
        engine = self._engine()
        parts = [encoded[start : start + BATCH_SIZE] for start in range(0, len(encoded), BATCH_SIZE)]
        outputs = [np.asarray(engine.outputs(part).cpu(), dtype=np.float64) for part in parts]
        engine.close()
        return np.concatenate(outputs) if outputs else np.zeros((0, self.network.sizes[-1]))

    def predict(self, inputs: Any) -> NDArray[Any]:
        """Return the most probable class of each sample, (N,), or values in the units of the training data, (N, O).

        A single value for each sample has the shape (N,).

        Args:
            inputs: As for `outputs`.

        Raises:
            DataError: The inputs do not fit.
        """
        predictions = self.encoding.decode(self.outputs(inputs))
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

    def score(self, inputs: Any, targets: Any) -> float:
        """Return the accuracy (0 to 1) for classes, or the mean coefficient of determination (at most 1) for values.

        Args:
            inputs: As for `outputs`.
            targets: (N,) classes as in `classes`, or (N,) or (N, O) values.

        Raises:
            DataError: Inputs or targets do not fit.
        """
        predictions, expected = self.predict(inputs), np.asarray(targets)
        if expected.shape[:1] != predictions.shape[:1] or expected.ndim != predictions.ndim:
            raise DataError(f"targets must have the shape {predictions.shape} of the predictions, got {expected.shape}")
        if self.classes is None:
            from sklearn.metrics import r2_score

            return float(r2_score(expected, predictions))
        unknown = np.setdiff1d(expected, self.classes)
        if len(unknown):
            raise DataError(f"the model does not know the class {unknown[0].item()!r}: its classes are {shown(self.classes)}")
        return float(np.mean(expected == predictions))

    def summary(self) -> dict[str, Any]:
        """Return the model as plain data, as `neuronet show --json` prints it."""
        return {
            "sizes": list(self.network.sizes),
            "connections": self.network.connections,
            "round": self.round,
            "classes": None if self.classes is None else self.classes.tolist(),
            "features": list(self.encoding.features),
            "confusion": None if self.confusion is None else self.confusion.tolist(),
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


def select_features(inputs: Any, features: Sequence[str]) -> NDArray[Any]:
    """Return inputs as an array, with the columns of a frame in the order of the features.

    Raises:
        DataError: The frame lacks a feature, or has a column that is none.
    """
    if not hasattr(inputs, "columns") or not features:
        return np.asarray(inputs)
    frame: pd.DataFrame = inputs
    names = list(map(str, frame.columns))
    missing = [name for name in features if name not in names]
    if missing:
        raise DataError(f"the data lack the feature '{missing[0]}': the model was trained on {shown(features)}")
    other = [name for name in names if name not in features]
    if other:
        raise DataError(f"the data have a column '{other[0]}' that the model was not trained on: leave it out")
    return np.asarray(frame.set_axis(names, axis=1)[list(features)])


def shown(names: Any, most: int = 12) -> str:
    """Return names as a text, the first ones if there are many."""
    texts = [str(name) for name in names[:most]]
    return ", ".join(texts) + (f" and {len(names) - most} more" if len(names) > most else "")
