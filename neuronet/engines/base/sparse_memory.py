"""Memory of the neurons of a sparse layer: where its entries are, and what they are at first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import MAX_DENSE_ENTRIES, Birth, Group, Ints, LayerRandom, Pattern, PolicyError, RandomStream, SparseNetwork
from neuronet.engines.base.ragged import PAIRED, array_shape, block_lengths, degrees, is_ragged
from neuronet.engines.base.setup import Setup, axis_lengths

Numbers = NDArray[Any]


def draw_by_connection(
    rng: LayerRandom, speakers: Pattern, listeners: Pattern | None, kind: str, name: str, axes: str
) -> NDArray[np.float64]:
    """Return the random numbers of a sparse layer; those for pairs of neurons as an array over connections.

    In a layer that could also be dense, draws for pairs of neurons are those of the dense layer, so that all engines and layouts
    have the same; in larger ones a number is drawn for each connection.

    Args:
        rng: Random numbers of the layer.
        speakers: Connections to the layer below.
        listeners: Connections to the layer above; None for the output layer.
        kind: "normal" or "uniform".
        name: Name of the draw.
        axes: Letters of its axes.

    Raises:
        PolicyError: It is for more than pairs.
    """
    pair = next((letter for letter in axes if letter in PAIRED), None)
    if pair is None or "J" not in axes:
        return rng.draw(kind, name, axes)
    if len(axes) > 2:
        raise PolicyError(f"draw '{name}' has axes '{axes}': a sparse layer draws for pairs of neurons alone")
    pattern = listeners if pair == "K" else speakers
    if pattern is None:
        return np.zeros(0)
    biases = speakers.shape[0] if pair == "S" else 0
    if pattern.shape[0] * pattern.shape[1] > MAX_DENSE_ENTRIES:
        return rng.draw_connections(kind, name, axes, pattern.count + biases)
    own, other = (pattern.columns, pattern.rows) if pair == "K" else (pattern.rows, pattern.columns)
    matrix = rng.draw(kind, name, axes) if axes[0] == "J" else rng.draw(kind, name, axes).T
    numbers = matrix[own, other]
    return np.concatenate((numbers, matrix[:, -1])) if biases else numbers


def initial_memory(setup: Setup, layer: int, group: Group) -> dict[str, Numbers]:
    """Return the initial memory of the members of a group, as the state of a sparse network has it.

    The policy is called for all members with the same numbers of speakers and listeners at once: M games of one neuron each.
    """
    network, axes_of, dtype = setup.network, group.policy.memory_axes, np.dtype(setup.dtype)
    assert isinstance(network, SparseNetwork)
    shapes = {name: array_shape(network, layer, axes, group.members) for name, axes in axes_of.items()}
    memory = {name: np.zeros(shape, dtype=dtype) for name, shape in shapes.items()}
    if not memory:
        return {}
    rng = LayerRandom(setup.seed, layer, axis_lengths(network.sizes, layer))
    members = np.asarray(group.members, dtype=np.int64)
    for rows in _by_degrees(network, layer, members):
        neighbours = _Neighbours(network, layer, members[rows], rng, dtype)
        answer = group.policy.initial_memory(Birth(RandomStream(neighbours.draw), neighbours.zeros))
        for name, axes in axes_of.items():
            own = np.broadcast_to(answer[name], neighbours.shape(axes)).squeeze(1 + axes.index("J"))
            if is_ragged(axes):
                lengths = np.prod(block_lengths(network, layer, axes, members), axis=0)
                starts = (np.cumsum(lengths) - lengths)[rows]
                memory[name][starts[:, None] + np.arange(lengths[rows[0]])] = own.reshape(len(rows), -1)
            else:
                np.moveaxis(memory[name], axes.index("J"), 0)[rows] = own
    return memory


def _by_degrees(network: SparseNetwork, layer: int, members: Ints) -> Iterator[Ints]:
    """Yield the rows of members that have the same numbers of speakers and of listeners."""
    pairs = np.stack([counts[members] for counts in degrees(network, layer)], axis=1)
    kinds = np.unique(pairs, axis=0, return_inverse=True)[1].ravel()
    order = np.argsort(kinds, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(kinds[order])) + 1)


class _Neighbours:
    """Neurons with equal numbers of neighbours, for one call of their policy."""

    def __init__(self, network: SparseNetwork, layer: int, members: Ints, rng: LayerRandom, dtype: Any) -> None:
        self._members, self._rng, self._dtype = members, rng, dtype
        self._below = network.patterns[layer - 1]
        self._above = network.patterns[layer] if layer < len(network.patterns) else None
        heard, hearing = (int(counts[members[0]]) for counts in degrees(network, layer))
        self._lengths = {"J": 1, "I": heard, "S": heard + 1, "K": hearing, "O": network.sizes[-1]}
        speakers = self._below.starts[members][:, None] + np.arange(heard)
        self._places = {"I": speakers, "S": np.column_stack((speakers, self._below.count + members))}
        self._neurons = {"I": self._below.columns[speakers]}
        if self._above is not None:
            by_speaker, order = self._above.transposed
            listeners = by_speaker.starts[members][:, None] + np.arange(hearing)
            self._places["K"], self._neurons["K"] = order[listeners], by_speaker.columns[listeners]

    def shape(self, axes: str) -> tuple[int, ...]:
        return len(self._members), *(self._lengths[letter] for letter in axes)

    def zeros(self, axes: str) -> Numbers:
        return np.zeros(self.shape(axes), dtype=self._dtype)

    def draw(self, kind: str, name: str, axes: str) -> Numbers:
        """Return the neurons' part of the layer's random numbers, (M, ...) with J = 1."""
        whole = draw_by_connection(self._rng, self._below, self._above, kind, name, axes).astype(self._dtype)
        pair = next((letter for letter in axes if letter in PAIRED), None)
        if pair is not None and "J" in axes:
            numbers = whole[self._places[pair]] if pair in self._places else self.zeros(pair)
            return numbers[:, None] if axes[0] == "J" else numbers[..., None]
        for place, letter in enumerate(axes):
            if letter == "J":
                whole = np.expand_dims(np.moveaxis(np.take(whole, self._members, axis=place), place, 0), place + 1)
            elif letter in self._neurons:
                whole = np.moveaxis(np.take(whole, self._neurons[letter], axis=place), place, 0)
        return np.broadcast_to(whole, self.shape(axes))
