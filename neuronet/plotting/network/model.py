"""Data of the figure of a network: what it shows, and where it was drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from neuronet.core import ConfigurationError, DataError, Floats, Network, SparseNetwork, check_number
from neuronet.plotting.network.input_layout import ImageBox
from neuronet.plotting.policy_styles import policy_styles

MAX_NEURONS = 96
"""Neurons drawn per layer by default."""

NeuronPosition = tuple[int, int]
"""Layer of a neuron, 0 for inputs, and its position there."""

PolicyStyles = Mapping[str, tuple[str, str]]
"""Colour and marker of each policy, by name."""


@dataclass(frozen=True)
class NodeArea:
    """Place where a neuron, or a bin of inputs, is drawn.

    Attributes:
        layer: 0 for inputs.
        members: Positions in the layer: one, or those of a bin.
        x: Distance from the left edge of the axes in inches.
        y: Distance from the lower edge in inches.
        diameter: Diameter in points.
    """

    layer: int
    members: tuple[int, ...]
    x: float
    y: float
    diameter: float


@dataclass(frozen=True)
class Layout:
    """Places of everything that was drawn, for pages that react to clicks.

    Attributes:
        width: Width of the axes in inches.
        height: Height of the axes in inches.
        node_areas: Every dot.
        image: Place of the inputs if they are drawn as an image, else None.
    """

    width: float
    height: float
    node_areas: tuple[NodeArea, ...]
    image: ImageBox | None = None


@dataclass(frozen=True, eq=False)
class NetworkView:
    """Network and the options by which it is drawn.

    Attributes:
        network: The network.
        policies: For each listening layer the name of each neuron's policy; empty where they do not matter.
        shape: Shape of one input: (height, width) or (channels, height, width) of an image; None or (I,) for anything else.
        selected: Neuron that is marked; None for none.
        selected_only: Whether only connections of the selected neuron are drawn, instead of the strongest of all.
        silent: For each layer, the inputs first, the positions of silent neurons; empty for none.
        max_neurons: Neurons drawn per layer (>= 1): those that receive most attention.
        legend: Whether a legend stands below.
        styles: Colour and marker of each policy; empty to choose them by `policy_styles`.

    Raises:
        DataError: Policies, shape or the selected neuron do not fit the network.
        ConfigurationError: `max_neurons` is out of range, or a policy has no style.
    """

    network: Network
    policies: Sequence[Sequence[str]] = ()
    shape: tuple[int, ...] | None = None
    selected: NeuronPosition | None = None
    selected_only: bool = True
    silent: Sequence[frozenset[int]] = ()
    max_neurons: int = MAX_NEURONS
    legend: bool = True
    styles: PolicyStyles = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_number("max_neurons", self.max_neurons, 1, whole=True)
        sizes = self.network.sizes
        text = ", ".join(map(str, sizes))
        if self.policies and [len(names) for names in self.policies] != list(sizes[1:]):
            raise DataError(f"policies must have one name for each listening neuron: layer sizes are {text}")
        if self.shape is not None and int(np.prod(self.shape)) != sizes[0]:
            raise DataError(f"shape must have {sizes[0]} inputs, got {self.shape}")
        if self.selected is not None and not self._has(*self.selected):
            raise DataError(f"layer {self.selected[0]} has no neuron {self.selected[1]}: layer sizes are {text}")
        missing = next((name for name in self._hidden_policies if self.styles and name not in self.styles), None)
        if missing is not None:
            raise ConfigurationError(f"styles must have a colour and a marker for '{missing}'")

    def _has(self, layer: int, position: int) -> bool:
        sizes = self.network.sizes
        return 0 <= layer < len(sizes) and 0 <= position < sizes[layer]

    @cached_property
    def _hidden_policies(self) -> list[str]:
        return list(dict.fromkeys(name for names in self.policies[:-1] for name in names))

    @cached_property
    def shown_styles(self) -> PolicyStyles:
        """Colour and marker of each policy that a hidden neuron follows."""
        if not self.styles:
            return policy_styles(self._hidden_policies)
        return {name: self.styles[name] for name in self.styles if name in self._hidden_policies}

    @property
    def focus(self) -> NeuronPosition | None:
        """Selected neuron if only its connections are drawn, else None."""
        return self.selected if self.selected_only else None

    @property
    def outputs(self) -> int:
        """Number of the output layer."""
        return len(self.network.sizes) - 1

    def is_silent(self, layer: int, position: int) -> bool:
        """Return whether a neuron is silent."""
        return layer < len(self.silent) and position in self.silent[layer]

    def is_selected(self, layer: int, members: Sequence[int]) -> bool:
        """Return whether the selected neuron is among these positions of a layer."""
        return self.selected is not None and self.selected[0] == layer and self.selected[1] in members

    def received(self, layer: int) -> Floats:
        """Return the attention that each neuron of a layer receives, (J,); of the outputs, the attention that they pay."""
        return received_attention(self.network, layer)


def received_attention(network: Network, layer: int) -> Floats:
    """Return the attention `sum_k w_kj^2 / 2` that each neuron of a layer receives, (J,); of the outputs, what they pay.

    Sums that overflow, as in a diverged network, are replaced by the largest float.

    Args:
        network: The network.
        layer: 0 for inputs.
    """
    if isinstance(network, SparseNetwork):
        last = layer == len(network.patterns)
        pattern, values = network.patterns[layer - last], network.values[layer - last]
        with np.errstate(over="ignore"):
            received = np.bincount(pattern.rows if last else pattern.columns, values**2, minlength=network.sizes[layer]) / 2
        return np.asarray(np.minimum(received, np.finfo(np.float64).max), dtype=np.float64)
    weights = network.weights[-1].T if layer == len(network.weights) else network.weights[layer]
    with np.errstate(over="ignore"):
        return np.asarray(np.minimum((weights * weights).sum(axis=0) / 2, np.finfo(np.float64).max), dtype=np.float64)
