"""Rounds of small dense networks as one loop that numba compiles: no call into Python, and no result in new memory.

This module needs numba, the extra [fast]; all of it is in one file, since numba looks at the date of that file alone. Arrays are
numpy's; a game's are flat, so that one compilation serves all networks of a precision. Products are numba's `np.dot`, of the
OpenBLAS in scipy. The formulas are those of `fused_round.py`, with the feedback weights of `neuronet.core.FeedbackForm`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[Any]
Ints = NDArray[np.int64]
Function = TypeVar("Function", bound=Callable[..., Any])

RELU, TANH, SIGMOID, LEAKY_RELU, IDENTITY = range(5)
CODES = {"relu": RELU, "tanh": TANH, "sigmoid": SIGMOID, "leaky-relu": LEAKY_RELU, "identity": IDENTITY}
"""Code of each activation that the compiled rounds know."""


def compiled(function: Function) -> Function:
    """Return the function compiled, kept on disk where a folder can be written."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        result: Function = njit(cache=True, **options)(function)
    except RuntimeError:  # numba finds no folder
        result = njit(**options)(function)
    return result


class Plan(NamedTuple):
    """What is fixed in a game of R replicas with N listening neurons and P parameters.

    Attributes:
        sizes: (layers,), neurons of each layer, the inputs first.
        activations: (layers - 1,), code of each listening layer's activation.
        attends: (layers - 1,), whether all feedback weights of a listening layer are the attention itself.
        attention: (R, N), factor of the attention in each neuron's feedback weights.
        sign: (R, N), factor of its sign.
        strongest: (R, N), 1 where only the strongest listeners count.
        noise: (R, N), standard deviation of the noise.
        adapts: (R, N), 0 where a neuron keeps its synapses.
        noisy: (layers - 1,), whether a listening layer has any noise.
        slot: (layers - 1, R), place of a replica in the noise of a layer; -1 for none.
        fixed: (R, P) or (R, 0), fixed feedback weights, each at the place of the parameter that it stands for.
        mask: (R, P) or (R, 0), 1 where there is a connection.
        decay: Factor of the velocities.
        leak: Slope of leaky-relu below 0.
        tie: Share of the strongest listener's weight from which on a listener is as strong.
    """

    sizes: Ints
    activations: Ints
    attends: NDArray[np.bool_]
    attention: Floats
    sign: Floats
    strongest: NDArray[np.bool_]
    noise: Floats
    adapts: Floats
    noisy: NDArray[np.bool_]
    slot: Ints
    fixed: Floats
    mask: Floats
    decay: Any
    leak: Any
    tie: Any


class Rounds(NamedTuple):
    """What is played.

    Attributes:
        inputs: (samples, I).
        targets: (samples,), classes.
        order: (R, count), indices of samples.
        batch: Samples a round; the last round may have fewer.
        rates: (R,), eta.
        noise: (rounds, slots, B * N'), noise of the layers that have any, one after the other; (0, 0, 0) without noise.
    """

    inputs: Floats
    targets: Ints
    order: Ints
    batch: int
    rates: Floats
    noise: Floats


@compiled
def play(
    plan: Plan,
    rounds: Rounds,
    parameters: Floats,
    velocity: Floats,
    room: Floats,
    scratch: Floats,
    losses: Floats,
    first: int,
    last: int,
) -> None:
    """Play all rounds of the replicas from `first` to before `last`.

    Args:
        plan: What is fixed.
        rounds: What is played.
        parameters: (R, P), weights and biases, changed in place.
        velocity: (R, P), likewise.
        room: (R, batch * (I + 2 N)), activity of all layers, then demand of the listening layers, of the last round.
        scratch: (2 * largest number of weights,), one for each thread.
        losses: (R, rounds), where the sum of the samples' losses is written.
        first: First replica.
        last: End of the replicas.
    """
    for replica in range(first, last):
        for number in range(losses.shape[1]):
            losses[replica, number] = _round(
                plan, rounds, parameters[replica], velocity[replica], room[replica], scratch, replica, number
            )


@compiled
def _round(
    plan: Plan,
    rounds: Rounds,
    parameters: Floats,
    velocity: Floats,
    room: Floats,
    scratch: Floats,
    replica: int,
    number: int,
) -> float:
    sizes, start = plan.sizes, number * rounds.batch
    chosen = rounds.order[replica, start : start + rounds.batch]
    batch, layers = len(chosen), len(sizes) - 1
    activity = room[: batch * sizes[0]].reshape(batch, sizes[0])
    for sample in range(batch):
        activity[sample] = rounds.inputs[chosen[sample]]
    place, weight = batch * sizes[0], 0
    for layer in range(layers):
        listeners, connections = sizes[layer + 1], sizes[layer] * sizes[layer + 1]
        heard, activity = activity, room[place : place + batch * listeners].reshape(batch, listeners)
        weights = parameters[weight : weight + connections].reshape(listeners, sizes[layer])
        bias = parameters[weight + connections : weight + connections + listeners]
        np.dot(heard, weights.T, activity)
        _activate(activity, bias, plan.activations[layer], plan.leak)
        place += batch * listeners
        weight += connections + listeners
    demand = room[place : place + batch * sizes[layers]].reshape(batch, sizes[layers])
    loss = _softmax(activity, rounds.targets, chosen, demand)
    _adapt_all(plan, rounds, parameters, velocity, room, scratch, replica, number, batch, place, weight)
    return loss


@compiled
def _adapt_all(
    plan: Plan,
    rounds: Rounds,
    parameters: Floats,
    velocity: Floats,
    room: Floats,
    scratch: Floats,
    replica: int,
    number: int,
    batch: int,
    place: int,
    weight: int,
) -> None:
    """Pass the demands down from the outputs, whose demand begins at `place`, and change each layer once its speakers have it."""
    sizes, rate = plan.sizes, rounds.rates[replica]
    neuron, spoken, noise_end = plan.attention.shape[1], place, rounds.noise.shape[2]
    for layer in range(len(sizes) - 2, -1, -1):
        listeners, speakers = sizes[layer + 1], sizes[layer]
        demand = room[place : place + batch * listeners].reshape(batch, listeners)
        place += batch * listeners
        spoken -= batch * listeners
        heard = room[spoken - batch * speakers : spoken].reshape(batch, speakers)
        weight -= (speakers + 1) * listeners
        neuron -= listeners
        end = weight + speakers * listeners
        if layer > 0:
            weights = parameters[weight:end].reshape(listeners, speakers)
            below = room[place : place + batch * speakers].reshape(batch, speakers)
            if not plan.attends[layer - 1]:
                weights = _feedback_weights(plan, parameters, scratch, replica, neuron - speakers, weight, listeners, speakers)
            np.dot(demand, weights, below)
            if plan.slot[layer - 1, replica] >= 0:
                noise = rounds.noise[number, plan.slot[layer - 1, replica], noise_end - rounds.batch * speakers :]
                _add_noise(below, plan.noise[replica, neuron - speakers : neuron], noise)
            if plan.noisy[layer - 1]:
                noise_end -= rounds.batch * speakers
            _multiply_by_slope(below, heard, plan.activations[layer - 1], plan.leak)
        response = scratch[: end - weight]
        np.dot(demand.T, heard, response.reshape(listeners, speakers))
        mask = plan.mask[replica, weight:end] if plan.mask.shape[1] else plan.mask[replica]
        adapts = plan.adapts[replica, neuron : neuron + listeners]
        _move(parameters[weight:end], velocity[weight:end], response, mask, adapts, batch, plan.decay, rate)
        bias = slice(end, end + listeners)
        _move_biases(parameters[bias], velocity[bias], demand, adapts, plan.decay, rate)


@compiled
def _activate(potential: Floats, bias: Floats, code: int, leak: Any) -> None:
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
def _multiply_by_slope(feedback: Floats, activity: Floats, code: int, leak: Any) -> None:
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
def _softmax(outputs: Floats, targets: Ints, chosen: Ints, demand: Floats) -> float:
    """Write `onehot - softmax(outputs)` into the demand, (B, O), and return the sum of the cross-entropies.

    The target's entry is the sum of the other probabilities, which has all digits where the target's probability is almost 1.
    """
    zero, total = outputs.dtype.type(0), 0.0
    for sample in range(len(outputs)):
        row, answer, target = outputs[sample], demand[sample], targets[chosen[sample]]
        largest = row.max()
        for o in range(len(row)):
            answer[o] = np.exp(row[o] - largest)
        whole = zero
        for o in range(len(row)):
            whole += answer[o]
        total += np.log(whole) + largest - row[target]
        others = zero
        for o in range(len(row)):
            share = answer[o] / whole
            others += zero if o == target else share
            answer[o] = -share
        answer[target] = others
    return total


@compiled
def _feedback_weights(
    plan: Plan, parameters: Floats, scratch: Floats, replica: int, neuron: int, weight: int, listeners: int, speakers: int
) -> Floats:
    """Return the feedback weights of the speakers, (K, J), in the second half of the scratch memory.

    Args:
        plan: What is fixed.
        parameters: (P,), those of the replica.
        scratch: Scratch memory.
        replica: The replica.
        neuron: Number of the first speaker among the listening neurons.
        weight: Place of the first listener's first weight.
        listeners: K.
        speakers: J.
    """
    half = len(scratch) // 2
    weights = scratch[half : half + listeners * speakers].reshape(listeners, speakers)
    for j in range(speakers):
        attention, sign = plan.attention[replica, neuron + j], plan.sign[replica, neuron + j]
        threshold = parameters.dtype.type(-1)  # all listeners count
        if plan.strongest[replica, neuron + j]:
            for k in range(listeners):
                threshold = max(threshold, abs(parameters[weight + k * speakers + j]))
            threshold *= plan.tie
        for k in range(listeners):
            w = parameters[weight + k * speakers + j]
            weights[k, j] = attention * w + sign * np.sign(w) if abs(w) >= threshold else w - w  # not a number stays so
            if plan.fixed.shape[1]:
                weights[k, j] += plan.fixed[replica, weight + k * speakers + j]
    return weights


@compiled
def _add_noise(feedback: Floats, sigma: Floats, noise: Floats) -> None:
    """Add `sigma * rms * noise` to the feedback, (B, J), with the root mean square of each neuron's feedback over the batch."""
    batch, neurons = feedback.shape
    for j in range(neurons):
        if sigma[j] > 0:
            square = feedback.dtype.type(0)
            for sample in range(batch):
                square += feedback[sample, j] * feedback[sample, j]
            scale = sigma[j] * np.sqrt(square / feedback.dtype.type(batch))
            for sample in range(batch):
                feedback[sample, j] += scale * noise[sample * neurons + j]


@compiled
def _move(
    weights: Floats, velocity: Floats, response: Floats, mask: Floats, adapts: Floats, batch: int, decay: Any, rate: Any
) -> None:
    """Compute `velocity = decay * velocity + response / B` and `weights += rate * velocity`, all (J * I,)."""
    speakers = len(weights) // len(adapts)
    for j in range(len(adapts)):
        scale = adapts[j] / weights.dtype.type(batch)
        begin = j * speakers
        if len(mask):
            for i in range(begin, begin + speakers):
                velocity[i] = decay * velocity[i] + scale * response[i] * mask[i]
                weights[i] += rate * velocity[i]
        else:
            for i in range(begin, begin + speakers):
                velocity[i] = decay * velocity[i] + scale * response[i]
                weights[i] += rate * velocity[i]


@compiled
def _move_biases(bias: Floats, velocity: Floats, demand: Floats, adapts: Floats, decay: Any, rate: Any) -> None:
    """Compute `velocity = decay * velocity + mean demand` and `bias += rate * velocity`, all (J,)."""
    batch, neurons = demand.shape
    velocity *= decay
    for sample in range(batch):
        for j in range(neurons):
            velocity[j] += adapts[j] / demand.dtype.type(batch) * demand[sample, j]
    for j in range(neurons):
        bias[j] += rate * velocity[j]
