"""Arithmetic of compiled rounds: what a layer computes besides its matrix products, as functions that numba compiles.

Loops run along rows and have no calls in them, so that the compiler turns them into vector instructions. Only `loop.play`, into
which these functions are compiled, is kept on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[Any]
Ints = NDArray[np.int64]
Function = TypeVar("Function", bound=Callable[..., Any])

RELU, TANH, SIGMOID, LEAKY_RELU, IDENTITY = range(5)
CODES = {"relu": RELU, "tanh": TANH, "sigmoid": SIGMOID, "leaky-relu": LEAKY_RELU, "identity": IDENTITY}
"""Code of each activation that the compiled rounds know."""

OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
"""Options of numba: threads run beside each other, and a division by zero is infinite."""


def compiled(function: Function) -> Function:
    """Return the function compiled as a part of those that call it."""
    result: Function = njit(**OPTIONS)(function)
    return result


@compiled
def gather(inputs: Floats, chosen: Ints, heard: Floats) -> None:
    """Copy the chosen rows of the inputs, (samples, I), to what is heard, (B, I)."""
    for sample in range(len(chosen)):
        source = chosen[sample]
        for i in range(inputs.shape[1]):
            heard[sample, i] = inputs[source, i]


@compiled
def transpose(matrix: Floats, result: Floats) -> None:
    """Write a matrix (J, I) into `result`, (I, J)."""
    for i in range(len(result)):
        row = result[i]
        for j in range(len(row)):
            row[j] = matrix[j, i]


@compiled
def activate(potential: Floats, bias: Floats, code: int, leak: Any) -> None:
    """Replace `potential` minus its bias, (B, J), by the activity."""
    for sample in range(len(potential)):
        row = potential[sample]
        if code == RELU:
            for j in range(len(row)):
                z = row[j] + bias[j]
                row[j] = row.dtype.type(0) if z < 0 else z  # not a number stays so
        elif code == TANH:
            for j in range(len(row)):
                row[j] = np.tanh(row[j] + bias[j])
        elif code == SIGMOID:
            half = row.dtype.type(0.5)
            for j in range(len(row)):
                row[j] = half + half * np.tanh(half * (row[j] + bias[j]))
        elif code == LEAKY_RELU:
            for j in range(len(row)):
                z = row[j] + bias[j]
                row[j] = z if z > 0 else leak * z
        else:
            for j in range(len(row)):
                row[j] += bias[j]


@compiled
def multiply_by_slope(feedback: Floats, activity: Floats, code: int, leak: Any) -> None:
    """Multiply the feedback, (B, J), by the slope of the activation, given the activity."""
    one = feedback.dtype.type(1)
    for sample in range(len(feedback)):
        row, said = feedback[sample], activity[sample]
        if code == RELU:
            for j in range(len(row)):
                row[j] = row[j] if said[j] > 0 else row.dtype.type(0)
        elif code == TANH:
            for j in range(len(row)):
                row[j] *= one - said[j] * said[j]
        elif code == SIGMOID:
            for j in range(len(row)):
                row[j] *= said[j] * (one - said[j])
        elif code == LEAKY_RELU:
            for j in range(len(row)):
                row[j] *= one if said[j] > 0 else leak


@compiled
def softmax(outputs: Floats, targets: Ints, chosen: Ints, demand: Floats) -> float:
    """Write the demand of the outputs, one-hot minus softmax, (B, O), and return the sum of the cross-entropies.

    The target's entry is the sum of the other probabilities, which has all digits where the target's probability is almost 1.
    """
    zero, total = outputs.dtype.type(0), 0.0
    for sample in range(len(outputs)):
        row, answer = outputs[sample], demand[sample]
        largest = row[0]
        for o in range(1, len(row)):
            largest = row[o] if row[o] > largest else largest
        for o in range(len(row)):
            answer[o] = row[o] - largest
        total -= answer[targets[chosen[sample]]]
    for sample in range(len(outputs)):
        answer, target = demand[sample], targets[chosen[sample]]
        for o in range(len(answer)):
            answer[o] = np.exp(answer[o])
        whole, others = zero, zero
        for o in range(len(answer)):
            whole += answer[o]
        total += np.log(whole)
        for o in range(len(answer)):
            share = answer[o] / whole
            others += zero if o == target else share
            answer[o] = -share
        answer[target] = others
    return total


@compiled
def feedback_weights(
    weights: Floats, attention: Floats, sign: Floats, strongest: Floats, fixed: Floats, tie: Any, limits: Floats, result: Floats
) -> None:
    """Write the feedback weights of a layer's speakers into `result`, (K, J).

    Args:
        weights: (K, J), attention of the listeners.
        attention: (J,), factor of the attention.
        sign: (J,), factor of its sign.
        strongest: (J,), whether only the strongest listeners count.
        fixed: (K, J) or (0, 0), fixed feedback weights, which are added.
        tie: Share of the strongest listener's weight from which on a listener is as strong.
        limits: (J,), scratch memory.
        result: (K, J).
    """
    zero = weights.dtype.type(0)
    for j in range(len(limits)):
        limits[j] = zero
    for k in range(len(weights)):
        row = weights[k]
        for j in range(len(limits)):
            limits[j] = abs(row[j]) if abs(row[j]) > limits[j] else limits[j]
    for j in range(len(limits)):
        limits[j] = tie * limits[j] if strongest[j] else -weights.dtype.type(1)  # all listeners count
    for k in range(len(weights)):
        row, answer = weights[k], result[k]
        for j in range(len(limits)):
            w = row[j]
            answer[j] = attention[j] * w + sign[j] * np.sign(w) if abs(w) >= limits[j] else w - w  # not a number stays so
        if len(fixed):
            for j in range(len(limits)):
                answer[j] += fixed[k, j]


@compiled
def add_noise(feedback: Floats, sigma: Floats, noise: Floats, scales: Floats) -> None:
    """Add `sigma * rms * noise` to the feedback, (B, J), with the root mean square of each neuron's feedback over the batch.

    Args:
        feedback: (B, J), changed in place.
        sigma: (J,), 0 for neurons without noise.
        noise: (B, J).
        scales: (J,), scratch memory.
    """
    batch, neurons = feedback.shape
    zero = feedback.dtype.type(0)
    for j in range(neurons):
        scales[j] = zero
    for sample in range(batch):
        row = feedback[sample]
        for j in range(neurons):
            scales[j] += row[j] * row[j]
    for j in range(neurons):
        scales[j] = sigma[j] * np.sqrt(scales[j] / feedback.dtype.type(batch)) if sigma[j] > 0 else zero  # also for infinity
    for sample in range(batch):
        row, drawn = feedback[sample], noise[sample]
        for j in range(neurons):
            row[j] += scales[j] * drawn[j]


@compiled
def move(
    weights: Floats, velocity: Floats, response: Floats, mask: Floats, adapts: Floats, batch: int, decay: Any, rate: Any
) -> None:
    """Compute `velocity = decay * velocity + response / B` and `weights += rate * velocity`, all (J, I).

    The mask, 1 where there is a connection, is (0, 0) where all neurons are connected.
    """
    for j in range(len(adapts)):
        scale = adapts[j] / weights.dtype.type(batch)
        own, moving, asked = weights[j], velocity[j], response[j]
        if len(mask):
            present = mask[j]
            for i in range(len(own)):
                moving[i] = decay * moving[i] + scale * asked[i] * present[i]
                own[i] += rate * moving[i]
        else:
            for i in range(len(own)):
                moving[i] = decay * moving[i] + scale * asked[i]
                own[i] += rate * moving[i]


@compiled
def move_biases(bias: Floats, velocity: Floats, demand: Floats, adapts: Floats, decay: Any, rate: Any) -> None:
    """Compute `velocity = decay * velocity + mean demand` and `bias += rate * velocity`, all (J,)."""
    batch, neurons = demand.shape
    for j in range(neurons):
        velocity[j] *= decay
    for sample in range(batch):
        row = demand[sample]
        for j in range(neurons):
            velocity[j] += adapts[j] / demand.dtype.type(batch) * row[j]
    for j in range(neurons):
        bias[j] += rate * velocity[j]
