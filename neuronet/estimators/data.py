"""Data of an estimator as an environment: nothing is split off unless a validation share is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Encoding, Payoff, Samples, as_array
from neuronet.environments import PartsEnvironment, check_magnitude, standardisation


class EstimatorData(PartsEnvironment):
    """Environment of samples that are all for training, or with a part that is held out for validation.

    Without a held-out part, `test` is the first training sample alone, since an environment must have one.

    Args:
        train: Training samples, encoded.
        held_out: Held-out samples, encoded; None if all samples are for training.
        outputs: Number of classes or values.
        payoff: Payoff of the outputs.
        encoding: How raw samples become these, and how outputs become predictions.
    """

    def __init__(self, train: Samples, held_out: Samples | None, outputs: int, payoff: Payoff, encoding: Encoding) -> None:
        test = train.at(slice(0, 1)) if held_out is None else held_out
        super().__init__(train, test, outputs, tuple(train.inputs.shape[1:]))
        self.payoff, self._encoding = payoff, encoding

    @property
    def encoding(self) -> Encoding:
        """How raw samples become those of the environment, and how outputs become predictions."""
        return self._encoding


def plain_array(values: Any, what: str) -> Any:
    """Return masked arrays and tensors as plain numpy arrays, and anything else as it is.

    scikit-learn's own check would drop a mask.

    Raises:
        DataError: A value is masked.
    """
    is_foreign = isinstance(values, np.ma.MaskedArray) or hasattr(values, "detach")
    return as_array(values, what) if is_foreign else values


def fit_encoding(
    inputs: NDArray[Any],
    targets: NDArray[Any],
    *,
    features: tuple[str, ...],
    classes: NDArray[Any] | None,
    standardize: bool,
) -> Encoding:
    """Return the encoding of training samples.

    Args:
        inputs: (N, I) finite numbers.
        targets: (N,) classes from 0, or (N, O) values.
        features: Name of each input; () if they have none.
        classes: (O,) the classes; None for values.
        standardize: Whether inputs, and targets that are values, are standardised by these samples.

    Raises:
        DataError: A number is too large to be standardised.
    """
    count = inputs.shape[1]
    if not standardize:
        return Encoding(count, features=features, classes=classes)
    target_scaling = None
    if classes is None:
        check_magnitude([targets], "y")
        target_scaling = standardisation(targets)
    check_magnitude([inputs], "X")
    return Encoding(count, standardisation(inputs), features, classes, target_scaling)


def encoded_samples(inputs: NDArray[Any], targets: NDArray[Any], encoding: Encoding) -> Samples:
    """Return samples as an environment has them.

    Args:
        inputs: (N, I) finite raw numbers.
        targets: (N,) classes from 0, or (N, O) raw values.
        encoding: Their encoding.
    """
    return Samples(encoding.encode(inputs), targets if encoding.targets is None else encoding.targets.apply(targets))
