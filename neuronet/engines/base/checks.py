"""Checks of what an engine is given: samples, feedback and replicas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Array, ConfigurationError, DataError, Payoff, shown
from neuronet.engines.base.setup import Setup
from neuronet.engines.base.state_checks import expected_arrays


def real_numbers(what: str, given: Any, *, whole: bool = False) -> Array:
    """Return an array that holds all that was given: an array of numpy, or a tensor without its gradient.

    Args:
        what: Name of the array, for the message.
        given: Array, tensor or nested sequence.
        whole: Whether it must hold integers.

    Raises:
        DataError: It holds masked values, complex numbers, texts or other objects, or no integers.
    """
    if hasattr(given, "detach"):
        is_whole = not given.is_floating_point() and str(given.dtype) != "torch.bool"
        is_real, array = not given.is_complex(), given.detach()
    else:
        try:
            array = np.asarray(given)
        except ValueError as error:
            raise DataError(f"{what} must be an array of numbers: {error}") from None
        is_whole = array.dtype.kind in "iu"
        is_real = array.dtype.kind in "biuf" and not np.ma.is_masked(given)
    if not is_real or (whole and not is_whole):
        masked = " with masked values" if np.ma.is_masked(given) else ""
        raise DataError(f"{what} must be {'integers' if whole else 'real numbers'}, got {array.dtype}{masked}")
    return array


def check_inputs(shape: tuple[int, ...], expected: int, replicas: int = 1) -> None:
    """Refuse inputs that do not fit the first layer.

    Args:
        shape: Shape of the inputs, (B, I) or (R, B, I).
        expected: Number of input neurons.
        replicas: R.

    Raises:
        DataError: The shape is another one.
    """
    lead = () if replicas == 1 else (replicas,)
    fits = len(shape) in (2, 2 + len(lead)) and shape[-1] == expected and shape[-2] > 0
    if not fits or (len(shape) == 3 and shape[:1] != lead):
        raise DataError(f"inputs must have the shape (samples, {expected}), got {tuple(shape)}")


def check_targets(inputs: tuple[int, ...], targets: tuple[int, ...], outputs: int, payoff: Payoff) -> None:
    """Refuse targets that do not fit their inputs in shape.

    The values of classes are checked by the environment: reading them here would make a GPU wait.

    Raises:
        DataError: The shape is another one.
    """
    expected = inputs[:-1] if payoff.classes else (*inputs[:-1], outputs)
    if targets != expected:
        raise DataError(f"{inputs[-2]} samples need targets of shape {expected}, got {targets}")


def check_classes(targets: NDArray[Any], outputs: int) -> None:
    """Refuse targets that are not classes of the outputs.

    Raises:
        DataError: One is not an integer from 0 to `outputs - 1`.
    """
    if targets.dtype.kind not in "iu" or not targets.size or targets.min() < 0 or targets.max() >= outputs:
        raise DataError(f"targets must be integers from 0 to {outputs - 1}, one for each output neuron")


def check_output_feedback(feedback: tuple[int, ...], loss: tuple[int, ...], outputs: tuple[int, ...] | None) -> None:
    """Refuse a feedback and a loss that do not fit the outputs of this round in shape.

    Args:
        feedback: Shape of the feedback.
        loss: Shape of the loss.
        outputs: Shape of the outputs; None if no round has begun.

    Raises:
        DataError: No round has begun, or a shape is another one.
    """
    if outputs is None:
        raise DataError("learn ends a round that speak has begun: call speak(inputs) first")
    if feedback != outputs or loss != outputs[:-1]:
        raise DataError(f"feedback must have the shape {outputs} and loss {outputs[:-1]}, got {feedback} and {loss}")


def check_replicas(setups: Sequence[Setup]) -> None:
    """Refuse games that cannot be played as replicas.

    Raises:
        ConfigurationError: They differ in more than seed, network, learning rate and the parameters of policies.
    """
    if not setups:
        raise ConfigurationError("an engine needs at least one setup")
    for setup in setups:
        if not isinstance(setup, Setup):
            raise ConfigurationError(f"an engine needs a Setup(network, policies, ...), got {shown(setup)}")
    first = setups[0]
    if len(setups) > 1 and any(setup.network.is_sparse for setup in setups):
        raise ConfigurationError("replicas cannot be stacked in a sparse layout: use layout dense, or an engine for each of them")
    for other in setups[1:]:
        if _common_parts(other) != _common_parts(first):
            raise ConfigurationError("replicas must have equal setups except for seed, network, learning rate and policies")
        if expected_arrays(other) != expected_arrays(first) or _group_sizes(other) != _group_sizes(first):
            raise ConfigurationError("replicas must have groups of equal sizes, and policies with equal memory")


def _common_parts(setup: Setup) -> tuple[object, ...]:
    network = (setup.network.sizes, setup.network.activations)
    return (network, setup.optimizer, setup.payoff, setup.dtype, setup.channels, setup.update_schedule)


def _group_sizes(setup: Setup) -> list[list[int]]:
    depth = range(1, len(setup.network.sizes))
    return [[len(group.members) for group in setup.groups(layer)] for layer in depth]
