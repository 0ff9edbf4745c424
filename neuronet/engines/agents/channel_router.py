"""Carries posts from board to board through their channels, and lets neurons look back where demands are late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import array_api_compat.numpy as xp
import numpy as np
from numpy.typing import NDArray

from neuronet.channels.router import MessageRouter
from neuronet.core.random_streams import LayerRandom, RandomStream
from neuronet.engines.agents.message_board import Board
from neuronet.engines.base.engine import Setup, axis_lengths

if TYPE_CHECKING:
    from neuronet.engines.agents.model import NeuronModel

Floats = NDArray[np.floating[Any]]


class ChannelRouter:
    """The channels of a game.

    Args:
        setup: The game.
        boards: Of every layer, the inputs first.
        dtype: The engine's precision.
    """

    def __init__(self, setup: Setup, boards: Sequence[Board], dtype: Any) -> None:
        channels: Any = setup.channels
        sizes = setup.network.sizes
        self.router = MessageRouter(channels, sizes, [setup.seed], xp, lambda arrays: arrays[0].astype(dtype))
        self._boards = boards
        # where neurons look back, the random numbers of an earlier round are drawn again
        self._recalled_boards = {
            layer: Board(0, 0, LayerRandom(setup.seed, layer, axis_lengths(sizes, layer)), dtype) for layer in self.router.delays
        }

    def forward(self, layer: int, number: int, *, learning: bool) -> None:
        """Bring what a layer has said to where its listeners read it."""
        board = self._boards[layer]
        arrived = self.router.forward(layer, board.activity.T, number, learning=learning)
        board.delivered_activity = np.ascontiguousarray(arrived.T)

    def backward(self, model: NeuronModel, layer: int, reward: Floats, *, has_demand: bool) -> bool:
        """Bring the demands to a layer, and its neurons back to what they are about; False if there is nothing yet to answer.

        Args:
            model: The neurons' model; its reward and broadcast become those that belong to the demands.
            layer: Which layer they come to.
            reward: (B,), of this round.
            has_demand: Whether its listeners had something to answer, themselves.
        """
        board, above, number = self._boards[layer], self._boards[layer + 1], model.round_number
        arrived = self.router.backward(layer, above.demand.T if has_demand else None, number)
        echo = self.router.jacobian(layer)
        if layer in self.router.delays:
            past = self.router.recall_round(layer, self._round_context(model, layer, reward, echo))
            if arrived is None or past is None:
                return False
            echo = past.get("jacobian")
            self._recall(model, layer, past, number - self.router.delays[layer])
        if arrived is None:
            return False
        above.delivered_demand = np.ascontiguousarray(arrived.T)
        board.echo = None if echo is None else np.ascontiguousarray(echo.T)
        return True

    def _round_context(self, model: NeuronModel, layer: int, reward: Floats, echo: Any) -> Mapping[str, Any]:
        """What the neurons of a layer have heard and said in this round."""
        board, below, outputs = self._boards[layer], self._boards[layer - 1], self._boards[-1]
        context = {"speaker_activity": below.delivered_activity.T.copy(), "reward": reward, "broadcast": outputs.demand.T.copy()}
        context["potential"], context["activity"] = (np.empty_like(board.activity.T) for _ in range(2))
        for neuron in model.layers[layer]:
            context["potential"][:, neuron.index] = neuron.obs.potential[:, 0]
            context["activity"][:, neuron.index] = neuron.obs.activity[:, 0]
        return context if echo is None else {**context, "jacobian": echo}

    def _recall(self, model: NeuronModel, layer: int, past: Mapping[str, Any], number: int) -> None:
        model.reward, model.broadcast = past["reward"], past["broadcast"]
        batch = len(past["speaker_activity"])
        self._boards[layer].demand = np.zeros((len(self._boards[layer].activity), batch), dtype=past["speaker_activity"].dtype)
        recalled, heard = self._recalled_boards[layer], np.ascontiguousarray(past["speaker_activity"].T)
        recalled.open(number, batch)
        for neuron in model.layers[layer]:
            draws = RandomStream(recalled.draw, neuron.axis_indices)
            neuron.recall(heard, past["potential"][:, neuron.index], past["activity"][:, neuron.index], draws)
