"""Router of posts between boards: through their channels, and back to earlier rounds where demands are late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import array_api_compat.numpy as xp
import numpy as np
from numpy.typing import NDArray

from neuronet.channels import MessageRouter
from neuronet.core import LayerRandom, RandomStream
from neuronet.engines.agents.layer_arithmetic import LayerArithmetic
from neuronet.engines.agents.message_board import MessageBoard
from neuronet.engines.agents.neuron import Neuron
from neuronet.engines.agents.round_context import RoundContext
from neuronet.engines.base.setup import Setup, axis_lengths

Floats = NDArray[np.floating[Any]]


class ChannelRouter:
    """Router of a game; without channels, posts arrive unchanged.

    Args:
        setup: The game.
        boards: Board of every layer, the inputs first.
        arithmetic: Arithmetic of every layer above the inputs.
        dtype: Precision of the engine.
    """

    def __init__(self, setup: Setup, boards: Sequence[MessageBoard], arithmetic: Sequence[LayerArithmetic], dtype: Any) -> None:
        sizes = setup.network.sizes
        self.messages = MessageRouter(setup.channels, sizes, [setup.seed], xp, lambda arrays: arrays[0].astype(dtype))
        self._boards, self._arithmetic = boards, arithmetic
        # where neurons observe an earlier round again, its random numbers are drawn again
        self._recalled_boards = {
            layer: MessageBoard(0, 0, LayerRandom(setup.seed, layer, axis_lengths(sizes, layer)), dtype)
            for layer in self.messages.delays
        }

    def forward(self, layer: int, context: RoundContext) -> None:
        """Deliver the activity of a layer to its listeners."""
        board = self._boards[layer]
        arrived = self.messages.forward(layer, board.activity.T, context.number, learning=context.learning)
        board.delivered_activity = np.ascontiguousarray(arrived.T)

    def backward(self, layer: int, neurons: Iterable[Neuron], context: RoundContext, *, has_demand: bool) -> RoundContext | None:
        """Deliver the demand of the listeners to a hidden layer, and return the round that it is about.

        Args:
            layer: The layer.
            neurons: Its neurons, which observe that round again if it is an earlier one.
            context: This round.
            has_demand: Whether demands have arrived at the listeners.

        Returns:
            None as long as no demand has arrived.
        """
        board, above = self._boards[layer], self._boards[layer + 1]
        arrived = self.messages.backward(layer, above.demand.T if has_demand else None, context.number)
        jacobian = self.messages.jacobian(layer)
        if layer in self.messages.delays:
            past = self.messages.recall_round(layer, self._kept(layer, context, jacobian))
            if arrived is None or past is None:
                return None
            jacobian = past.get("jacobian")
            context = self._recall(layer, neurons, past, context)
        if arrived is None:
            return None
        above.delivered_demand = np.ascontiguousarray(arrived.T)
        board.jacobian = None if jacobian is None else np.ascontiguousarray(jacobian.T)
        return context

    def _kept(self, layer: int, context: RoundContext, jacobian: Any) -> Mapping[str, Any]:
        """Return copies of what a layer must keep of a round until its demands arrive."""
        assert context.broadcast is not None
        board, below = self._boards[layer], self._boards[layer - 1]
        kept: dict[str, Any] = {
            "speaker_activity": below.delivered_activity.T.copy(),
            "reward": context.reward,
            "broadcast": context.broadcast.copy(),
            "potential": self._arithmetic[layer - 1].potential[..., 0].T.copy(),
            "activity": board.activity.T.copy(),
        }
        return kept if jacobian is None else {**kept, "jacobian": jacobian}

    def _recall(self, layer: int, neurons: Iterable[Neuron], past: Mapping[str, Any], context: RoundContext) -> RoundContext:
        number = context.number - self.messages.delays[layer]
        then = replace(context, number=number, broadcast=past["broadcast"], reward=past["reward"])
        batch = len(past["speaker_activity"])
        self._boards[layer].demand = np.zeros((len(self._boards[layer].activity), batch), dtype=past["speaker_activity"].dtype)
        recalled, heard = self._recalled_boards[layer], np.ascontiguousarray(past["speaker_activity"].T)
        recalled.open(number, batch)
        self._arithmetic[layer - 1].recall(heard, *(np.ascontiguousarray(past[name].T) for name in ("potential", "activity")))
        for neuron in neurons:
            neuron.observe(then, RandomStream(recalled.draw, neuron.axis_indices))
        return then
