"""Carries posts from board to board through their channels, and lets neurons look back where demands are late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import array_api_compat.numpy as xp
import numpy as np
from numpy.typing import NDArray

from neuronet.channels.router import Traffic
from neuronet.core.random_streams import Draws, LayerChance
from neuronet.engines.agents.message_board import Board
from neuronet.engines.base.engine import Setup, axis_lengths

if TYPE_CHECKING:
    from neuronet.engines.agents.model import NeuronModel

Floats = NDArray[np.floating[Any]]


class Courier:
    """The channels of a game.

    Args:
        setup: The game.
        boards: Of every layer, the inputs first.
        dtype: The engine's precision.
    """

    def __init__(self, setup: Setup, boards: Sequence[Board], dtype: Any) -> None:
        channels: Any = setup.channels
        sizes = setup.network.sizes
        self.traffic = Traffic(channels, sizes, [setup.seed], xp, lambda arrays: arrays[0].astype(dtype))
        self._boards = boards
        # where neurons look back, the random numbers of an earlier round are drawn again
        self._back = {
            layer: Board(0, 0, LayerChance(setup.seed, layer, axis_lengths(sizes, layer)), dtype) for layer in self.traffic.lags
        }

    def up(self, layer: int, number: int, *, learning: bool) -> None:
        """Bring what a layer has said to where its listeners read it."""
        board = self._boards[layer]
        arrived = self.traffic.up(layer, board.activity.T, number, learning=learning)
        board.carried = np.ascontiguousarray(arrived.T)

    def down(self, model: NeuronModel, layer: int, reward: Floats, *, demanded: bool) -> bool:
        """Bring the demands to a layer, and its neurons back to what they are about; False if there is nothing yet to answer.

        Args:
            model: The neurons' model; its reward and broadcast become those that belong to the demands.
            layer: Which layer they come to.
            reward: (B,), of this round.
            demanded: Whether its listeners had something to answer, themselves.
        """
        board, above, number = self._boards[layer], self._boards[layer + 1], model.round_number
        arrived = self.traffic.down(layer, above.demand.T if demanded else None, number)
        echo = self.traffic.echo(layer)
        if layer in self.traffic.lags:
            past = self.traffic.look_back(layer, self._conversation(model, layer, reward, echo))
            if arrived is None or past is None:
                return False
            echo = past.get("echo")
            self._recall(model, layer, past, number - self.traffic.lags[layer])
        if arrived is None:
            return False
        above.asked = np.ascontiguousarray(arrived.T)
        board.echo = None if echo is None else np.ascontiguousarray(echo.T)
        return True

    def _conversation(self, model: NeuronModel, layer: int, reward: Floats, echo: Any) -> Mapping[str, Any]:
        """What the neurons of a layer have heard and said in this round."""
        board, below, outputs = self._boards[layer], self._boards[layer - 1], self._boards[-1]
        kept = {"heard": below.carried.T.copy(), "reward": reward, "broadcast": outputs.demand.T.copy()}
        kept["potential"], kept["activity"] = (np.empty_like(board.activity.T) for _ in range(2))
        for neuron in model.layers[layer]:
            kept["potential"][:, neuron.index] = neuron.seen.potential[:, 0]
            kept["activity"][:, neuron.index] = neuron.seen.activity[:, 0]
        return kept if echo is None else {**kept, "echo": echo}

    def _recall(self, model: NeuronModel, layer: int, past: Mapping[str, Any], number: int) -> None:
        model.reward, model.broadcast = past["reward"], past["broadcast"]
        batch = len(past["heard"])
        self._boards[layer].demand = np.zeros((len(self._boards[layer].activity), batch), dtype=past["heard"].dtype)
        back, heard = self._back[layer], np.ascontiguousarray(past["heard"].T)
        back.open(number, batch)
        for neuron in model.layers[layer]:
            draws = Draws(back.draw, neuron.picks)
            neuron.recall(heard, past["potential"][:, neuron.index], past["activity"][:, neuron.index], draws)
