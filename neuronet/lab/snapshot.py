"""State of a session at one moment; it does not change, so that any thread may draw it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Environment, Floats, Network
from neuronet.lab.history import History
from neuronet.plotting.network import received_attention


@dataclass(frozen=True, eq=False)
class Snapshot:
    """State of a session at one moment.

    Attributes:
        number: Number of the snapshot, by which drawings are cached.
        round: Number of rounds played.
        per_epoch: Rounds per epoch.
        network: The network.
        policies: For each listening layer the name of each neuron's policy.
        activity: For each layer, the activities of the last round, (J, B); (J, 0) before the first.
        targets: (B, ...), targets of that round.
        history: Measurements until now.
        environment: The environment.
        silent: For each layer, the inputs first, the positions of silent neurons.
        frozen: For each layer, the positions of neurons that are active but do not adapt.
        earlier: Names of the policies that switched neurons followed before, by their nodes.
        last_action: Last intervention, which can be undone; "" for none.
        rows: Alignment with backpropagation for each listening layer: cosine, angle in degrees, ratio of lengths.
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
    earlier: dict[int, str] = field(default_factory=dict)
    last_action: str = ""

    @property
    def outputs(self) -> int:
        """Number of the output layer."""
        return len(self.network.sizes) - 1

    def layer_name(self, layer: int) -> str:
        """Return the name of a layer."""
        if layer == 0:
            return "inputs"
        if layer == self.outputs:
            return "outputs"
        return "hidden" if self.outputs == 2 else f"hidden {layer}"

    def received(self, layer: int) -> Floats:
        """Return the attention `sum_k w_kj^2 / 2` that each neuron of a layer receives; empty for the outputs."""
        return np.zeros(0) if layer == self.outputs else received_attention(self.network, layer)

    def listeners(self, layer: int, position: int) -> tuple[NDArray[np.int64], Floats]:
        """Return the positions in the layer above that listen to a neuron, and their weights."""
        if layer == self.outputs:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        weights, connected = self.network.layer_part(layer + 1, slice(None), [position])
        indices = np.flatnonzero(connected[:, 0])
        return indices, weights[indices, 0]

    def node(self, position: tuple[int, int]) -> int:
        """Return the node in the graph of a neuron, given its layer and position."""
        return int(self.network.nodes[position[0]][position[1]])

    def describe(self, layer: int, position: int) -> str:
        """Return one line about a neuron."""
        name = f"{self.layer_name(layer).removesuffix('s')} {position}".capitalize()
        if 0 < layer < self.outputs and self.outputs > 2:
            name = f"Neuron {position} of {self.layer_name(layer)}"
        if position in self.silent[layer]:
            name += " (silent)"
        if position in self.frozen[layer]:
            name += " (frozen)"
        if layer == self.outputs:
            return f"{name}, paid by the environment"
        policy = f": {self.policies[layer - 1][position]}," if layer else ""
        return f"{name}{policy} receives {self.received(layer)[position]:.3g}"
