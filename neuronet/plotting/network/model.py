"""What a picture of a network shows, and where it showed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.network import Floats, Network
from neuronet.plotting import style
from neuronet.plotting.network.input_layout import ImageBox


@dataclass(frozen=True)
class NodeArea:
    """Where a neuron, or a bin of inputs, is drawn.

    Attributes:
        layer: 0 for inputs.
        members: The places in the layer that stand here: one, or those of a bin.
        x: In inches from the left of the axes.
        y: In inches from their bottom.
        diameter: In points.
    """

    layer: int
    members: tuple[int, ...]
    x: float
    y: float
    diameter: float


@dataclass(frozen=True)
class Layout:
    """What was drawn, and where: for whoever lets a reader point at it.

    Attributes:
        width: Of the axes in inches.
        height: Of the axes in inches.
        node_areas: Every dot.
        image: Where the inputs stand if they are drawn as an image, else None.
    """

    width: float
    height: float
    node_areas: tuple[NodeArea, ...]
    image: ImageBox | None = None


@dataclass(frozen=True, eq=False)
class NetworkView:
    """What is drawn of a network, and how.

    Attributes:
        network: Who listens to whom.
        policies: For each listening layer the name of each neuron's policy; empty for neurons that are all alike.
        shape: Of one input: (height, width) or (channels, height, width) of an image; None or (I,) for anything else.
        selected: The layer and place of a neuron that is marked; None for none.
        selected_only: Whether the chosen neuron's connections alone are drawn; if not, the strongest of all.
        silent: For each layer, the inputs first, the places of neurons that say nothing; empty for none.
        max_neurons: Neurons drawn in a layer, 1 or more: those that receive most attention.
        legend: Whether lines below say what colours, shapes and sizes mean.
        styles: Each policy's colour and marker; without, `policy_styles` of those that hidden neurons follow.

    Raises:
        NeuroNetError: Policies, shape or the chosen neuron do not fit the network, or `max_neurons` is out of range.
    """

    network: Network
    policies: Sequence[Sequence[str]] = ()
    shape: tuple[int, ...] | None = None
    selected: tuple[int, int] | None = None
    selected_only: bool = True
    silent: Sequence[frozenset[int]] = ()
    max_neurons: int = 96
    legend: bool = True
    styles: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sizes = self.network.sizes
        if isinstance(self.max_neurons, bool) or not isinstance(self.max_neurons, (int, np.integer)) or self.max_neurons < 1:
            raise NeuroNetError(f"max_neurons must be an integer of 1 or more, got {self.max_neurons!r}")
        if self.policies and [len(names) for names in self.policies] != list(sizes[1:]):
            raise NeuroNetError(f"policies must name one for each neuron of the layers of {', '.join(map(str, sizes[1:]))}")
        if self.shape is not None and int(np.prod(self.shape)) != sizes[0]:
            raise NeuroNetError(f"shape must have {sizes[0]} inputs, got {self.shape}")
        if self.selected is not None:
            layer, place = self.selected
            if not (0 <= layer < len(sizes) and 0 <= place < sizes[layer]):
                raise NeuroNetError(f"there is no neuron {place} in layer {layer}: layers have {', '.join(map(str, sizes))}")
        hidden = [name for names in self.policies[:-1] for name in names]
        missing = next((name for name in hidden if self.styles and name not in self.styles), None)
        if missing is not None:
            raise NeuroNetError(f"styles must have a colour and a marker for '{missing}'")
        object.__setattr__(
            self, "styles", {name: self.styles[name] for name in self.styles if name in hidden} or policy_styles(hidden)
        )

    @property
    def focus(self) -> tuple[int, int] | None:
        """The chosen neuron, if its connections alone are drawn."""
        return self.selected if self.selected_only else None

    def is_silent(self, layer: int, place: int) -> bool:
        """Whether a neuron says nothing."""
        return layer < len(self.silent) and place in self.silent[layer]

    @property
    def outputs(self) -> int:
        """The number of the last layer."""
        return len(self.network.weights)

    def received(self, layer: int) -> Floats:
        """The attention `sum_k w_kj^2 / 2` that each neuron of a layer receives; of the outputs, the attention they pay."""
        weights = self.network.weights[-1].T if layer == self.outputs else self.network.weights[layer]
        with np.errstate(over="ignore"):  # of a network that diverged
            return np.asarray(np.minimum((weights * weights).sum(axis=0) / 2, np.finfo(np.float64).max))


def policy_styles(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """A colour and a marker for each policy, in the order in which they first appear."""
    colours, markers = style.POLICY_COLOURS, style.POLICY_MARKERS
    return {
        name: (colours[number % len(colours)], markers[number % len(markers)]) for number, name in enumerate(dict.fromkeys(names))
    }
