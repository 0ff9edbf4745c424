"""Conformance check of environments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import array_api_compat.numpy as xp
import array_api_compat.torch as torch_xp
import numpy as np
import torch
from numpy.typing import NDArray

from neuronet.core import (
    Adam,
    Array,
    Batches,
    DataError,
    Environment,
    LinearPolicy,
    Memory,
    Observation,
    Payoff,
    Purpose,
    Samples,
    Scaling,
    check_samples,
    generator,
)
from neuronet.engines.base import Setup
from neuronet.engines.tensors import TensorEngine
from neuronet.registry import build_network

STEP = 1e-5
"""Step of the finite differences."""

DERIVATIVE_TOLERANCE = 1e-6
"""Largest difference between a derivative and its finite difference, in units of the largest derivative."""


def check_environment(environment: Environment) -> None:
    """Check that an environment satisfies its contract, so that any network can learn in it.

    The check covers: `train` and `test` are not empty, fit each other, are finite and the same at every call, and so is their
    scaling; the encoding fits the samples, scales as they do, and is the same at every call; targets fit the payoff and the
    number of outputs; the shape fits the number of inputs; the payoff's feedback is minus the derivative of its loss (by finite
    differences), and its results are the same on torch and with leading axes; a short training run stays finite and does not
    write into the samples.

    Args:
        environment: The environment, with the parameters to check.

    Raises:
        DataError: It breaks the contract; the message says where.
    """
    if not isinstance(environment, Environment):
        raise DataError(f"{environment!r} is not an environment: expected an instance of neuronet.Environment")
    check_samples(environment)
    outputs, payoff = environment.outputs, environment.payoff
    parts = {"train": environment.train, "test": environment.test}
    before = {name: _copy(samples) for name, samples in parts.items()}
    _check_same(environment, before, "at the next call: draw them once, from a fixed seed")
    with np.errstate(all="ignore"):  # the results are checked for infinite numbers
        _check_encoding(environment, parts["train"])
        _check_payoff(payoff, outputs, environment.train.targets)
    _check_training(environment)
    _check_same(environment, before, "after training: samples must not be written into")


def _check_encoding(environment: Environment, train: Samples) -> None:
    """Encode numbers and decode outputs, twice: the results must fit and be equal."""
    encoding, again, scaling = environment.encoding, environment.encoding, train.scaling
    if (encoding.classes is not None) != environment.payoff.classes:
        expected = "classes" if environment.payoff.classes else "no classes"
        raise DataError(f"the encoding must have {expected}, as the targets of the payoff {type(environment.payoff).__name__}")
    if scaling is not None:
        raw = train.inputs[:6]
        if not np.array_equal(encoding.scaling.apply(raw) if encoding.scaling is not None else raw, scaling.apply(raw)):
            raise DataError("the encoding must have the scaling of the samples")
    width = len(encoding.columns) or encoding.inputs
    rows = np.zeros((2, width), dtype=object if encoding.columns else np.float64)
    for index, column in enumerate(encoding.columns):
        rows[:, index] = column.categories[0] if column.categories else 0.0
    drawn = generator(0, Purpose.DATA).standard_normal((6, environment.outputs))
    encoded, decoded = encoding.encode(rows), encoding.decode(drawn)
    if encoded.shape != (2, encoding.inputs) or not np.isfinite(encoded).all():
        raise DataError(f"the encoding must give {encoding.inputs} finite inputs for each sample, got {encoded.shape}")
    if len(decoded) != len(drawn):
        raise DataError(f"the encoding must give a prediction for each sample, got the shape {decoded.shape} for 6")
    if not np.array_equal(encoded, again.encode(rows)) or not np.array_equal(decoded, again.decode(drawn)):
        raise DataError("the encoding differs at the next call: compute it once, from the training samples")


def _copy(samples: Samples) -> Samples:
    scaling = samples.scaling
    kept = None if scaling is None else Scaling(scaling.shift.copy(), scaling.factor.copy())
    return Samples(samples.inputs.copy(), samples.targets.copy(), kept)


def _arrays(samples: Samples) -> list[NDArray[Any]]:
    scaling = samples.scaling
    return [samples.inputs, samples.targets, *(() if scaling is None else (scaling.shift, scaling.factor))]


def _check_same(environment: Environment, before: dict[str, Samples], when: str) -> None:
    for name, samples in before.items():
        then, now = _arrays(samples), _arrays(getattr(environment, name))
        if len(then) != len(now) or not all(map(np.array_equal, then, now)):
            raise DataError(f"{name} differs {when}")


def _check_payoff(payoff: Payoff, outputs: int, targets: NDArray[Any]) -> None:
    chosen = targets[: min(6, len(targets))]
    outputs_drawn = generator(0, Purpose.DATA).standard_normal((len(chosen), outputs))
    loss, feedback = (np.asarray(function(xp, outputs_drawn, chosen)) for function in (payoff.loss, payoff.feedback))
    for name, array, shape in (("loss", loss, (len(chosen),)), ("feedback", feedback, outputs_drawn.shape)):
        if array.shape != shape:
            raise DataError(f"the payoff's {name} must have the shape {shape}, got {array.shape}")
        if not np.isfinite(array).all():
            raise DataError(f"the payoff's {name} must be finite")
    _check_derivative(payoff, outputs_drawn, chosen, feedback)
    correct = payoff.correct(xp, outputs_drawn, chosen)
    if correct is not None and (correct.shape != loss.shape or correct.dtype != np.bool_):
        raise DataError(f"the payoff's correct must be None, or True or False for each sample, got {correct!r}")
    stacked = (np.stack((outputs_drawn, outputs_drawn[::-1])), np.stack((chosen, chosen[::-1])))
    as_torch = tuple(torch.tensor(np.ascontiguousarray(array)) for array in stacked)
    for name, function, single in (("loss", payoff.loss, loss), ("feedback", payoff.feedback, feedback)):
        both = np.stack((single, single[::-1]))
        _check_close(function(xp, *stacked), both, f"the payoff's {name} mixes leading axes: count axes from the end")
        _check_close(function(torch_xp, *as_torch), both, f"the payoff's {name} differs on torch: use xp alone")


def _check_derivative(payoff: Payoff, outputs_drawn: NDArray[Any], targets: NDArray[Any], feedback: NDArray[Any]) -> None:
    for output in range(outputs_drawn.shape[1]):
        step = np.zeros_like(outputs_drawn)
        step[:, output] = STEP
        higher, lower = (np.asarray(payoff.loss(xp, outputs_drawn + sign * step, targets)) for sign in (1, -1))
        slope = (higher - lower) / (2 * STEP)
        rounding = 1e-15 * np.abs(higher).max() / STEP
        off = float(np.abs(slope + feedback[:, output]).max())
        if off > DERIVATIVE_TOLERANCE * (1 + np.abs(feedback).max()) + rounding:
            raise DataError(f"the payoff's feedback must be minus its loss's derivative, but output {output} is off by {off:.1e}")


def _check_close(got: Array, expected: NDArray[Any], message: str) -> None:
    array = np.asarray(got)
    if array.shape != expected.shape or not np.allclose(array, expected, rtol=1e-9, atol=1e-9):
        raise DataError(message)


@dataclass(frozen=True)
class _Backprop(LinearPolicy):
    """Error backpropagation."""

    def feedback_weights(self, obs: Observation, memory: Memory) -> Array:
        return obs.attention


def _check_training(environment: Environment) -> None:
    """Train a few rounds with Adam, whose steps are small whatever the size of the inputs."""
    network = build_network((environment.inputs, 4, environment.outputs), activation="tanh")
    engine = TensorEngine(
        Setup(network, _Backprop(), optimizer=Adam(), learning_rate=1e-3, payoff=environment.payoff), device="cpu"
    )
    train, batches = environment.train, Batches(len(environment.train), 8, (0,))
    for number in range(5):
        batch = train.at(batches.indices(number))
        loss = engine.play(batch.inputs, batch.targets)
        if not bool(torch.isfinite(loss).all()):
            raise DataError(f"the loss is not finite in round {number} of a short training run: scale inputs and targets")
    if not all(np.isfinite(array).all() for array in engine.state().arrays.values()):
        raise DataError("weights are not finite after a short training run: scale inputs and targets")
