"""Rounds of small dense networks as one loop that numba compiles: no call into Python, and no result in new memory.

This module needs numba, the extra [fast]. Arrays are numpy's; a game's are flat, so that one compilation serves all networks of
a precision. Products are numba's `np.dot`, of the OpenBLAS in scipy. The formulas are those of `fused_round.py`, with the
feedback weights of `neuronet.core.FeedbackForm`.

numba looks only at the file of the function that it keeps on disk. `play` is therefore made with a stamp of `arithmetic.py`:
the values that a function closes over are a part of the key under which numba keeps it.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from neuronet.engines.tensors.compiled import arithmetic
from neuronet.engines.tensors.compiled.arithmetic import (
    OPTIONS,
    Floats,
    Ints,
    activate,
    add_noise,
    compiled,
    feedback_weights,
    gather,
    move,
    move_biases,
    multiply_by_slope,
    softmax,
)


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


class Views(NamedTuple):
    """A replica's arrays in rounds of B samples, as views; each list has an entry for each listening layer.

    Attributes:
        activity: (B, J), that of the inputs before the others.
        demand: (B, J).
        weights: (J, I).
        velocity: (J, I).
        bias: (J,).
        bias_velocity: (J,).
        adapts: (J,).
        mask: (J, I) or (0, 0).
        fixed: (J, I) or (0, 0), fixed feedback weights of the speakers.
        feedback: (J, I), scratch memory for the feedback weights of the speakers.
        response: (J, I), scratch memory.
        limits: (I,), scratch memory.
    """

    activity: list[Floats]
    demand: list[Floats]
    weights: list[Floats]
    velocity: list[Floats]
    bias: list[Floats]
    bias_velocity: list[Floats]
    adapts: list[Floats]
    mask: list[Floats]
    fixed: list[Floats]
    feedback: list[Floats]
    response: list[Floats]
    limits: list[Floats]


@compiled
def _vectors(flat: Floats, begins: Ints, lengths: Ints) -> list[Floats]:
    """Return parts of a flat array."""
    return [flat[begins[k] : begins[k] + lengths[k]] for k in range(len(begins))]


@compiled
def _matrix(flat: Floats, begin: int, rows: int, columns: int) -> Floats:
    """Return a part of a flat array as a matrix, (0, 0) if the array has no entries."""
    part: Floats = flat[begin : begin + rows * columns].reshape(rows, columns) if len(flat) else flat.reshape(0, 0)
    return part


@compiled
def _matrices(flat: Floats, begins: Ints, rows: Ints, columns: Ints) -> list[Floats]:
    """Return parts of a flat array as matrices, each (0, 0) if the array has no entries."""
    return [_matrix(flat, begins[k], rows[k], columns[k]) for k in range(len(begins))]


@compiled
def _views(plan: Plan, parameters: Floats, velocity: Floats, room: Floats, scratch: Floats, replica: int, batch: int) -> Views:
    """Return the views of a replica. They are made once: in each round, they would cost as much as the arithmetic."""
    sizes, listeners, speakers = plan.sizes, plan.sizes[1:], plan.sizes[:-1]
    samples, nowhere, end = np.full_like(sizes, batch), np.zeros_like(listeners), len(scratch)
    connections = listeners * speakers
    weight = np.cumsum(connections + listeners) - connections - listeners
    said = batch * (np.cumsum(sizes) - sizes)
    demanded = batch * (sizes.sum() + listeners.sum() - np.cumsum(listeners))
    return Views(
        activity=_matrices(room, said, samples, sizes),
        demand=_matrices(room, demanded, samples, listeners),
        weights=_matrices(parameters, weight, listeners, speakers),
        velocity=_matrices(velocity, weight, listeners, speakers),
        bias=_vectors(parameters, weight + connections, listeners),
        bias_velocity=_vectors(velocity, weight + connections, listeners),
        adapts=_vectors(plan.adapts[replica], np.cumsum(listeners) - listeners, listeners),
        mask=_matrices(plan.mask[replica], weight, listeners, speakers),
        fixed=_matrices(plan.fixed[replica], weight, listeners, speakers),
        feedback=_matrices(scratch, nowhere + (end - sizes.max()) // 2, listeners, speakers),
        response=_matrices(scratch, nowhere, listeners, speakers),
        limits=_vectors(scratch, end - speakers, speakers),
    )


@compiled
def _round(plan: Plan, rounds: Rounds, views: Views, replica: int, number: int) -> float:
    """Play a round, and return the sum of the samples' losses."""
    activity, batch = views.activity, len(views.activity[0])
    chosen = rounds.order[replica, number * rounds.batch : number * rounds.batch + batch]
    gather(rounds.inputs, chosen, activity[0])
    for layer in range(len(views.weights)):
        np.dot(activity[layer], views.weights[layer].T, activity[layer + 1])
        activate(activity[layer + 1], views.bias[layer], plan.activations[layer], plan.leak)
    loss = softmax(activity[-1], rounds.targets, chosen, views.demand[-1])
    neuron, noise_end = plan.attention.shape[1], rounds.noise.shape[2]
    for layer in range(len(views.weights) - 1, -1, -1):
        neuron -= len(views.bias[layer])
        if layer > 0:
            demand, speakers = views.demand[layer - 1], slice(neuron - activity[layer].shape[1], neuron)
            np.dot(views.demand[layer], _feedback_weights(plan, views, replica, layer, speakers), demand)
            if plan.noisy[layer - 1]:
                noise_end -= rounds.batch * demand.shape[1]
            if plan.slot[layer - 1, replica] >= 0:
                noise = _matrix(rounds.noise[number, plan.slot[layer - 1, replica]], noise_end, *demand.shape)
                add_noise(demand, plan.noise[replica, speakers], noise, views.limits[layer])
            multiply_by_slope(demand, activity[layer], plan.activations[layer - 1], plan.leak)
        _adapt(plan, views, layer, rounds.rates[replica])
    return loss


@compiled
def _feedback_weights(plan: Plan, views: Views, replica: int, layer: int, speakers: slice) -> Floats:
    """Return the feedback weights of the speakers of a layer, (J, I), which are numbered among the listening neurons."""
    weights = views.weights[layer]
    if plan.attends[layer - 1]:
        return weights
    forms = plan.attention[replica, speakers], plan.sign[replica, speakers], plan.strongest[replica, speakers]
    feedback_weights(weights, *forms, views.fixed[layer], plan.tie, views.limits[layer], views.feedback[layer])
    return views.feedback[layer]


@compiled
def _adapt(plan: Plan, views: Views, layer: int, rate: Any) -> None:
    """Change a layer, once its speakers have heard its demand."""
    demand, response, adapts = views.demand[layer], views.response[layer], views.adapts[layer]
    np.dot(demand.T, views.activity[layer], response)
    batch = len(demand)
    move(views.weights[layer], views.velocity[layer], response, views.mask[layer], adapts, batch, plan.decay, rate)
    move_biases(views.bias[layer], views.bias_velocity[layer], demand, adapts, plan.decay, rate)


def _make_play(stamp: str) -> Callable[..., None]:
    """Return `play`, kept on disk where a folder can be written.

    Args:
        stamp: Text that changes with all source that is compiled into `play` from other files.
    """

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
            scratch: (2 * largest number of weights + largest number of neurons,), one for each thread.
            losses: (R, rounds), where the sum of the samples' losses is written.
            first: First replica.
            last: End of the replicas.
        """
        assert stamp  # closed over, so that it is a part of the key on disk
        for replica in range(first, last):
            batch = 0
            for number in range(losses.shape[1]):
                samples = min(rounds.batch, rounds.order.shape[1] - number * rounds.batch)
                if samples != batch:
                    batch = samples
                    views = _views(plan, parameters[replica], velocity[replica], room[replica], scratch, replica, batch)
                losses[replica, number] = _round(plan, rounds, views, replica, number)

    try:
        result: Callable[..., None] = njit(cache=True, **OPTIONS)(play)
    except RuntimeError:  # numba finds no folder
        result = njit(**OPTIONS)(play)
    return result


play = _make_play(sha256(Path(arithmetic.__file__).read_bytes()).hexdigest())
