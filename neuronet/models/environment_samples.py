"""Samples of environments as inputs of a trained network, and the recognition of inputs that are scaled already."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import DataError, DataWarning, Encoding, Environment, Samples, Scaling, Standardisation
from neuronet.registry import parse_environment

MIN_SAMPLES = 20
"""Number of samples from which on their statistics tell whether they are scaled already."""

CENTRED = 0.25
"""Largest median of the columns' means, without sign, of inputs that look standardised; and least excess of raw ones over it."""

MEAN_SQUARE = (0.3, 2.5)
"""Range of the mean square of inputs that look standardised."""

MAX_RATIO = 3.0
"""Ratio of deviations up to which a second scaling may be taken for drift of the data."""


def is_of_environment(inputs: object) -> bool:
    """Return whether inputs are an environment, its spec, or samples of one, rather than raw numbers."""
    return isinstance(inputs, str | Environment | Samples)


def network_inputs(inputs: Any, encoding: Encoding) -> NDArray[Any]:
    """Return the inputs of a network, (N, I), for the test samples of an environment, or for samples; each scaled once.

    Args:
        inputs: An environment, or its spec; its scaling is replaced by the model's where they differ. Or samples, such as
            `environment.train`, which are scaled as the model's training samples were.
        encoding: The model's encoding.

    Raises:
        SpecError: The spec names no environment.
        DataError: The samples have another number of inputs than the network, or other inputs.
    """
    environment, samples = _opened(inputs)
    width = int(np.prod(samples.inputs.shape[1:]))
    if width != encoding.inputs:
        raise DataError(f"the model takes {encoding.inputs} inputs, but the environment's samples have {width}")
    own = encoding if environment is None else environment.encoding
    if own.input_names != encoding.input_names and own.columns:
        raise DataError("the environment's columns are encoded in another way than those of the training data: give a frame")
    if samples.scaling is not None:
        return _scaled(samples.inputs, encoding)
    if _is_same(own.scaling, encoding.scaling):
        return np.asarray(samples.inputs)
    raw = own.scaling.invert(samples.inputs) if isinstance(own.scaling, Standardisation) else samples.inputs
    return _scaled(raw, encoding)


def decoded_targets(inputs: Any, encoding: Encoding) -> NDArray[Any]:
    """Return the targets that belong to `network_inputs`: classes as the data have them, (N,), or values in their own unit.

    Args:
        inputs: As for `network_inputs`.
        encoding: The model's encoding, which decodes the targets of samples.

    Raises:
        SpecError: The spec names no environment.
        DataError: A class is none of the model's.
    """
    environment, samples = _opened(inputs)
    own = encoding if environment is None else environment.encoding
    targets = np.asarray(samples.targets)
    if own.classes is None:
        values = targets if own.targets is None else own.targets.invert(targets)
        return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if targets.dtype.kind not in "iu" or (targets.size and not 0 <= targets.min() <= targets.max() < len(own.classes)):
        raise DataError(f"the samples must have classes from 0 to {len(own.classes) - 1} as targets, as the model has")
    return np.asarray(own.classes[targets])


def warn_of_scaled(inputs: Any, encoding: Encoding) -> None:
    """Warn if inputs that must be raw look as if they were scaled already, such as `environment.test.inputs` of a table.

    Inputs look so where they have mean 0 and deviation 1, while raw ones had other means or other deviations in training.
    Fewer than 20 samples are not looked at.

    Args:
        inputs: (N, I) raw numbers.
        encoding: The model's encoding.
    """
    if encoding.scaling is None or encoding.columns or not isinstance(inputs, np.ndarray) or len(inputs) < MIN_SAMPLES:
        return
    if inputs.dtype.kind != "f" or int(np.prod(inputs.shape[1:])) != encoding.inputs or not np.isfinite(inputs).all():
        return
    given = inputs.reshape(len(inputs), -1).astype(np.float64)
    given = given[:, given.std(axis=0) > 0]
    twice = np.asarray(_scaled(inputs.reshape(len(inputs), -1).astype(np.float64), encoding))
    twice = twice[:, twice.std(axis=0) > 0]
    if not given.size or not twice.size or not MEAN_SQUARE[0] < float(np.mean(given**2)) < MEAN_SQUARE[1]:
        return
    centre, centre_twice = (float(np.median(np.abs(array.mean(axis=0)))) for array in (given, twice))
    ratio = float(np.median(given.std(axis=0)) / np.median(twice.std(axis=0)))
    if centre < CENTRED and (centre_twice > centre + CENTRED or not 1 / MAX_RATIO < ratio < MAX_RATIO):
        message = (
            "inputs look as if they were scaled already, and the model scales them once more: give raw inputs, or the samples "
            "themselves, as in model.score(environment) and model.predict(environment.test)"
        )
        warnings.warn(message, DataWarning, stacklevel=_level_of_caller())


def _level_of_caller() -> int:
    """Return the stack level of the first frame outside of NeuroNet, counted from the function that calls this one."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("neuronet."):
        frame, level = frame.f_back, level + 1
    return level


def _opened(inputs: Any) -> tuple[Environment | None, Samples]:
    if isinstance(inputs, Samples):
        return None, inputs
    environment = parse_environment(inputs) if isinstance(inputs, str) else inputs
    return environment, environment.test


def _scaled(numbers: Any, encoding: Encoding) -> NDArray[Any]:
    return np.asarray(numbers if encoding.scaling is None else encoding.scaling.apply(numbers))


def _is_same(one: Scaling | Standardisation | None, other: Scaling | Standardisation | None) -> bool:
    if one is None or other is None:
        return one is other
    pairs = zip(vars(one).values(), vars(other).values(), strict=True)
    return type(one) is type(other) and all(np.array_equal(mine, yours) for mine, yours in pairs)
