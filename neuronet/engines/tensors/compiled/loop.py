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
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.numpy_support import carray
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
    transpose,
)

TRANSPOSED_WEIGHTS, TRANSPOSED_BATCH = 4096, 32
"""Weights up to which, and samples from which on, a copy by speakers is faster than OpenBLAS's product with rows of listeners."""


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


class Replica(NamedTuple):
    """Numbers of a replica, flat. Its arrays have no count of references: atomic counts took a fourth of a small round.

    Attributes:
        parameters: (P,), weights (J, I) and biases (J,) of each layer.
        velocity: (P,).
        room: (batch * (I + 2 N),), activity of all layers, then demand of the listening layers, the outputs first.
        scratch: As in `play`.
        mask: (P,) or (0,).
        fixed: (P,) or (0,).
        adapts: (N,).
    """

    parameters: Floats
    velocity: Floats
    room: Floats
    scratch: Floats
    mask: Floats
    fixed: Floats
    adapts: Floats


def _pointer(context: Any, address: Any) -> Any:
    """Return how numba makes an address a pointer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.uintp), generate


_as_pointer: Any = intrinsic(_pointer)


@compiled
def _vector(flat: Floats, begin: int, length: int) -> Floats:
    """Return a part of a flat array, which the caller keeps alive; (0,) if the array has no entries."""
    address, shape = flat.ctypes.data + begin * flat.itemsize, (length if len(flat) else 0,)
    part: Floats = carray(_as_pointer(address), shape, flat.dtype)
    return part


@compiled
def _matrix(flat: Floats, begin: int, rows: int, columns: int) -> Floats:
    """Return a part of a flat array as a matrix, as `_vector` does; (0, 0) if the array has no entries."""
    address, shape = flat.ctypes.data + begin * flat.itemsize, (rows, columns) if len(flat) else (0, 0)
    part: Floats = carray(_as_pointer(address), shape, flat.dtype)
    return part


@compiled
def _whole(flat: Floats) -> Floats:
    """Return a flat array without its count of references."""
    return _vector(flat, 0, len(flat))


@compiled
def _speak(plan: Plan, replica: Replica, batch: int) -> None:
    """Compute the activity of all listening layers."""
    said, weight = 0, 0
    for layer in range(len(plan.activations)):
        speakers, listeners = plan.sizes[layer], plan.sizes[layer + 1]
        heard = _matrix(replica.room, said, batch, speakers)
        said += batch * speakers
        activity = _matrix(replica.room, said, batch, listeners)
        weights = _matrix(replica.parameters, weight, listeners, speakers)
        if batch >= TRANSPOSED_BATCH and speakers * listeners <= TRANSPOSED_WEIGHTS:
            by_speaker = _matrix(replica.scratch, 0, speakers, listeners)
            transpose(weights, by_speaker)
            np.dot(heard, by_speaker, activity)
        else:
            np.dot(heard, weights.T, activity)
        bias = _vector(replica.parameters, weight + speakers * listeners, listeners)
        activate(activity, bias, plan.activations[layer], plan.leak)
        weight += (speakers + 1) * listeners


@compiled
def _round(plan: Plan, rounds: Rounds, replica: Replica, index: int, number: int, batch: int) -> float:
    """Play a round of the replica with this index, and return the sum of the samples' losses."""
    sizes, layers = plan.sizes, len(plan.activations)
    chosen = _vector(rounds.order, index * rounds.order.shape[1] + number * rounds.batch, batch)
    gather(rounds.inputs, chosen, _matrix(replica.room, 0, batch, sizes[0]))
    _speak(plan, replica, batch)
    said, asked = batch * (sizes.sum() - sizes[layers]), batch * sizes.sum()
    demand = _matrix(replica.room, asked, batch, sizes[layers])
    loss = softmax(_matrix(replica.room, said, batch, sizes[layers]), rounds.targets, chosen, demand)
    neuron, weight, noise_end = plan.attention.shape[1], replica.parameters.size, rounds.noise.shape[2]
    for layer in range(layers - 1, -1, -1):
        speakers, listeners = sizes[layer], sizes[layer + 1]
        neuron -= listeners
        weight -= (speakers + 1) * listeners
        said -= batch * speakers
        heard = _matrix(replica.room, said, batch, speakers)
        if layer > 0:
            asked += batch * listeners
            answer = _matrix(replica.room, asked, batch, speakers)
            np.dot(demand, _feedback_weights(plan, replica, index, layer, neuron, weight), answer)
            if plan.noisy[layer - 1]:
                noise_end -= rounds.batch * speakers
            if plan.slot[layer - 1, index] >= 0:
                noise = _matrix(rounds.noise[number, plan.slot[layer - 1, index]], noise_end, batch, speakers)
                scales = _vector(replica.scratch, 0, speakers)
                add_noise(answer, plan.noise[index, neuron - speakers : neuron], noise, scales)
            multiply_by_slope(answer, heard, plan.activations[layer - 1], plan.leak)
        else:
            answer = demand  # inputs answer to no demand
        _adapt(plan, replica, heard, demand, neuron, weight, rounds.rates[index])
        demand = answer
    return loss


@compiled
def _feedback_weights(plan: Plan, replica: Replica, index: int, layer: int, neuron: int, weight: int) -> Floats:
    """Return the feedback weights of a layer's speakers, (J, I).

    Args:
        plan: What is fixed.
        replica: The replica.
        index: Its index.
        layer: Index of the layer among the listening ones.
        neuron: Index of the layer's first neuron among the listening ones.
        weight: Index of its first weight among the parameters.
    """
    speakers, listeners = plan.sizes[layer], plan.sizes[layer + 1]
    weights = _matrix(replica.parameters, weight, listeners, speakers)
    if plan.attends[layer - 1]:
        return weights
    own = slice(neuron - speakers, neuron)
    forms = plan.attention[index, own], plan.sign[index, own], plan.strongest[index, own]
    limits = _vector(replica.scratch, 0, speakers)
    result = _matrix(replica.scratch, speakers, listeners, speakers)
    feedback_weights(weights, *forms, _matrix(replica.fixed, weight, listeners, speakers), plan.tie, limits, result)
    return result


@compiled
def _adapt(plan: Plan, replica: Replica, heard: Floats, demand: Floats, neuron: int, weight: int, rate: Any) -> None:
    """Change a layer, once its speakers have heard its demand; arguments as in `_feedback_weights`."""
    batch, speakers, listeners = len(heard), heard.shape[1], demand.shape[1]
    response = _matrix(replica.scratch, 0, listeners, speakers)
    np.dot(demand.T, heard, response)
    weights = _matrix(replica.parameters, weight, listeners, speakers)
    velocity = _matrix(replica.velocity, weight, listeners, speakers)
    mask, adapts = _matrix(replica.mask, weight, listeners, speakers), _vector(replica.adapts, neuron, listeners)
    move(weights, velocity, response, mask, adapts, batch, plan.decay, rate)
    weight += speakers * listeners
    bias, bias_velocity = _vector(replica.parameters, weight, listeners), _vector(replica.velocity, weight, listeners)
    move_biases(bias, bias_velocity, demand, adapts, plan.decay, rate)


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
            scratch: (largest number of weights + largest number of neurons,), one for each thread.
            losses: (R, rounds), where the sum of the samples' losses is written.
            first: First replica.
            last: End of the replicas.
        """
        assert stamp  # closed over, so that it is a part of the key on disk
        for index in range(first, last):
            replica = Replica(
                parameters=_whole(parameters[index]),
                velocity=_whole(velocity[index]),
                room=_whole(room[index]),
                scratch=_whole(scratch),
                mask=_whole(plan.mask[index]),
                fixed=_whole(plan.fixed[index]),
                adapts=_whole(plan.adapts[index]),
            )
            for number in range(losses.shape[1]):
                batch = min(rounds.batch, rounds.order.shape[1] - number * rounds.batch)
                losses[index, number] = _round(plan, rounds, replica, index, number, batch)

    try:
        result: Callable[..., None] = njit(cache=True, **OPTIONS)(play)
    except RuntimeError:  # numba finds no folder
        result = njit(**OPTIONS)(play)
    return result


play = _make_play(sha256(Path(arithmetic.__file__).read_bytes()).hexdigest())
