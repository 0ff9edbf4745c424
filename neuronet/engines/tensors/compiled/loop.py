"""Rounds of small dense networks as one loop that numba compiles: no call into Python, and no result in new memory.

This module needs numba, the extra [fast]. Arrays are numpy's; a game's are flat, so that one compilation serves all networks of
a precision. Products are numba's `np.dot`, of the OpenBLAS in scipy. The formulas are those of `fused_round.py`, with the feedback
weights of `neuronet.core.FeedbackForm`.

numba looks only at the file of the function that it keeps on disk. `play` therefore is made with a stamp of `arithmetic.py` beside
it, since the values that a function closes over are a part of the key under which numba keeps it.
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
    gather(rounds.inputs, chosen, activity)
    place, weight = batch * sizes[0], 0
    for layer in range(layers):
        listeners, connections = sizes[layer + 1], sizes[layer] * sizes[layer + 1]
        heard, activity = activity, room[place : place + batch * listeners].reshape(batch, listeners)
        weights = parameters[weight : weight + connections].reshape(listeners, sizes[layer])
        bias = parameters[weight + connections : weight + connections + listeners]
        np.dot(heard, weights.T, activity)
        activate(activity, bias, plan.activations[layer], plan.leak)
        place += batch * listeners
        weight += connections + listeners
    demand = room[place : place + batch * sizes[layers]].reshape(batch, sizes[layers])
    loss = softmax(activity, rounds.targets, chosen, demand)
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
        shape = listeners, speakers
        demand = room[place : place + batch * listeners].reshape(batch, listeners)
        place += batch * listeners
        spoken -= batch * listeners
        heard = room[spoken - batch * speakers : spoken].reshape(batch, speakers)
        weight -= (speakers + 1) * listeners
        neuron -= listeners
        end = weight + speakers * listeners
        weights = parameters[weight:end].reshape(shape)
        if layer > 0:
            below = room[place : place + batch * speakers].reshape(batch, speakers)
            limits = scratch[len(scratch) - speakers :]
            own = slice(neuron - speakers, neuron)
            if plan.attends[layer - 1]:
                np.dot(demand, weights, below)
            else:
                heeded = scratch[end - weight : 2 * (end - weight)].reshape(shape)
                fixed = _part(plan.fixed, replica, weight, shape)
                forms = plan.attention[replica, own], plan.sign[replica, own], plan.strongest[replica, own]
                feedback_weights(weights, *forms, fixed, plan.tie, limits, heeded)
                np.dot(demand, heeded, below)
            if plan.slot[layer - 1, replica] >= 0:
                noise = rounds.noise[number, plan.slot[layer - 1, replica], noise_end - rounds.batch * speakers :]
                drawn = noise[: batch * speakers].reshape(batch, speakers)
                add_noise(below, plan.noise[replica, own], drawn, limits)
            if plan.noisy[layer - 1]:
                noise_end -= rounds.batch * speakers
            multiply_by_slope(below, heard, plan.activations[layer - 1], plan.leak)
        response = scratch[: end - weight].reshape(shape)
        np.dot(demand.T, heard, response)
        adapts = plan.adapts[replica, neuron : neuron + listeners]
        moving = velocity[weight:end].reshape(shape)
        move(weights, moving, response, _part(plan.mask, replica, weight, shape), adapts, batch, plan.decay, rate)
        bias = slice(end, end + listeners)
        move_biases(parameters[bias], velocity[bias], demand, adapts, plan.decay, rate)


@compiled
def _part(arrays: Floats, replica: int, begin: int, shape: tuple[int, int]) -> Floats:
    """Return a layer's part of the arrays (R, P), in its shape; (0, 0) of those that have no entries."""
    if not arrays.shape[1]:
        return arrays[replica].reshape(0, 0)
    return arrays[replica, begin : begin + shape[0] * shape[1]].reshape(shape)


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
            for number in range(losses.shape[1]):
                losses[replica, number] = _round(
                    plan, rounds, parameters[replica], velocity[replica], room[replica], scratch, replica, number
                )

    try:
        return njit(cache=True, **OPTIONS)(play)
    except RuntimeError:  # numba finds no folder
        return njit(**OPTIONS)(play)


play = _make_play(sha256(Path(arithmetic.__file__).read_bytes()).hexdigest())
