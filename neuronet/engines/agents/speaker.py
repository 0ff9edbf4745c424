"""Speakers: what input and other neurons have in common, and the input neurons."""

from __future__ import annotations

from typing import Any

import array_api_compat.numpy as xp
import mesa
import numpy as np
from numpy.typing import NDArray

from neuronet.core import ConfigurationError, Measure, Power
from neuronet.engines.agents.message_board import Index, MessageBoard
from neuronet.engines.agents.round_context import RoundContext

Floats = NDArray[np.floating[Any]]


class Speaker(mesa.Agent):  # type: ignore[misc]
    """Base class of input and other neurons: an agent with an activity, which receives attention.

    Args:
        model: The Mesa model.
        node: Its node in the graph.
        place: Its layer and its index within the layer.
        above: Board of the layer above; None for an output neuron.
        listeners: Indices of its listeners within the layer above.

    Attributes:
        node: Node of the graph.
        layer: Depth, 0 for an input.
        index: Index within the layer.
        listeners: Indices of its listeners within the layer above; empty for an output neuron.
        silent: Whether its activity and demand are 0 and it does not adapt.
    """

    def __init__(
        self, model: mesa.Model, node: int, place: tuple[int, int], above: MessageBoard | None, listeners: Index
    ) -> None:
        super().__init__(model)
        self.node = node
        self.silent = False
        self.attach(place, above, listeners)

    def attach(self, place: tuple[int, int], above: MessageBoard | None, listeners: Index) -> None:
        """Take a place in a layer, with these listeners."""
        self.layer, self.index = place
        self.above = above
        self.listeners = listeners

    def __repr__(self) -> str:
        return f"{type(self).__name__}(node={self.node}, layer={self.layer})"

    def check_can_leave(self) -> None:
        """Raise an error if this is an agent of a layer, on which its neighbours depend.

        Raises:
            ConfigurationError: It is.
        """
        if any(self in layer for layer in getattr(self.model, "layers", ())):
            raise ConfigurationError(f"{self!r} cannot leave its layer: use neuronet.interventions.remove, or close the model")

    def is_silent_in(self, context: RoundContext) -> bool:
        """Return whether it is silent in a round, always or because it is asleep."""
        return self.silent or (bool(context.active) and not context.is_active(self.layer, self.index))

    @property
    def attention(self) -> Floats:
        """The attention that each listener pays it, (K,)."""
        if self.above is None:
            return np.zeros(0)
        return self.above.attention[self.listeners, self.index]

    def utility(self, measure: Measure | None = None) -> float:
        """Return the attention it receives, summed over its listeners by a measure; `w^2 / 2` if none is given."""
        return float((measure or Power()).utility(xp, self.attention[:, None])[0])


class InputNeuron(Speaker):
    """Neuron of the first layer; its activity is an input of the environment.

    Attributes:
        board: Board of the input layer.
    """

    board: MessageBoard

    def speak(self, context: RoundContext) -> None:
        """Post the input as activity."""
        self.board.activity[self.index] = 0 if self.is_silent_in(context) else context.inputs[self.index]
