"""What there is to see of a session at one moment; nothing in it changes any more, so that any thread may draw it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.environment import Environment
from neuronet.core.structure.network import Floats, Network
from neuronet.lab.history import History


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A session at one moment.

    Attributes:
        number: Counts looks, so that what was drawn of one is not drawn again.
        round: How many rounds have been played.
        per_epoch: Rounds in an epoch.
        network: As it is.
        policies: For each listening layer the name of each neuron's policy.
        activity: For each layer (J, B), what the neurons said in the last round; (J, 0) before the first.
        targets: (B, ...), of the samples of that round.
        history: What was measured until now.
        environment: The world.
        silent: For each layer, the inputs first, the places of the neurons that say nothing.
        frozen: Likewise of those that speak, but do not adapt.
        rows: Alignment with backpropagation now, for each listening layer: cosine, angle in degrees, and length by length.
    """

    number: int
    round: int
    per_epoch: int
    network: Network
    policies: tuple[tuple[str, ...], ...]
    activity: tuple[NDArray[Any], ...]
    targets: NDArray[Any]
    history: History
    environment: Environment
    silent: tuple[frozenset[int], ...]
    frozen: tuple[frozenset[int], ...]
    rows: tuple[dict[str, float], ...]

    @property
    def outputs(self) -> int:
        """The number of the last layer."""
        return len(self.network.weights)

    def layer_name(self, layer: int) -> str:
        """What a layer is called."""
        if layer == 0:
            return "inputs"
        if layer == self.outputs:
            return "outputs"
        return "hidden" if self.outputs == 2 else f"hidden {layer}"

    def received(self, layer: int) -> Floats:
        """The attention `sum_k w_kj^2 / 2` that each neuron of a layer receives; none for the outputs."""
        if layer == self.outputs:
            return np.zeros(0)
        weights = self.network.weights[layer]
        with np.errstate(over="ignore"):
            return np.asarray((weights * weights).sum(axis=0) / 2)

    def listeners(self, layer: int, position: int) -> tuple[NDArray[np.int64], Floats]:
        """Who listens to a neuron, as places in the layer above, and with which weights."""
        if layer == self.outputs:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        mask = self.network.masks[layer]
        weights = self.network.weights[layer][:, position]
        indices = np.arange(len(weights)) if mask is None else np.flatnonzero(mask[:, position])
        return indices, weights[indices]

    def node(self, position: tuple[int, int]) -> int:
        """The node in the graph of the neuron at a layer and a place in it."""
        return int(self.network.nodes[position[0]][position[1]])

    def describe(self, layer: int, position: int) -> str:
        """A neuron in one line."""
        name = f"{self.layer_name(layer).removesuffix('s')} {position}".capitalize()
        if 0 < layer < self.outputs and self.outputs > 2:
            name = f"Neuron {position} of {self.layer_name(layer)}"
        if position in self.silent[layer]:
            name += " (silent)"
        if position in self.frozen[layer]:
            name += " (frozen)"
        if layer == self.outputs:
            return f"{name}, paid by the environment"
        follows = f": {self.policies[layer - 1][position]}," if layer else ""
        return f"{name}{follows} receives {self.received(layer)[position]:.3g}"
