"""Carries the messages of a game between its stages through their channels, and lets layers look back where demands are late."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import array_api_compat.torch as xp
from torch import Tensor

from neuronet.channels.router import MessageRouter
from neuronet.engines.base.engine import Setup
from neuronet.engines.tensors.layer_round import LayerRound


class ChannelRouter:
    """The channels of the games that are played at once.

    Args:
        setups: The games; all have the same channels.
        own: Makes a tensor of one array of numpy's for each game.
        layer_rounds_for: Gives the stages for a batch of a size.
    """

    def __init__(
        self,
        setups: Sequence[Setup],
        own: Callable[[Sequence[Any]], Tensor],
        layer_rounds_for: Callable[[int], list[LayerRound]],
    ) -> None:
        first = setups[0]
        channels: Any = first.channels
        self.router = MessageRouter(channels, first.network.sizes, [each.seed for each in setups], xp, own)
        self._layer_rounds_for = layer_rounds_for

    def forward(self, layer: int, said: Tensor, number: int, learning: bool) -> Tensor:
        """What arrives of what a layer said in a round."""
        return self.router.forward(layer, said, number, learning=learning)  # type: ignore[no-any-return]

    def backward(
        self, layer_round: LayerRound, demand: Tensor | None, reward: Tensor, number: int
    ) -> tuple[LayerRound, Tensor | None]:
        """The demands that arrive at a layer, and the layer as it was when it said what they are about; None for nothing yet.

        Args:
            layer_round: The layer as it is in this round, with its broadcast set.
            demand: What its listeners demand; None if nothing has come to them, either.
            reward: (..., B), of this round.
            number: The round's.
        """
        layer = layer_round.layer.number
        arrived: Tensor | None = self.router.backward(layer, demand, number)
        layer_round.echo = self.router.jacobian(layer)
        if layer not in self.router.delays:
            return layer_round, arrived
        past = self.router.recall_round(layer, _round_context(layer_round, reward))
        if arrived is None or past is None:
            return layer_round, None
        then = self._layer_rounds_for(past["speaker_activity"].shape[-2])[layer - 1]
        then.recall(past, layer_round.learning_rate)
        then.layer.open(number - self.router.delays[layer], then.batch)
        return then, arrived


def _round_context(layer_round: LayerRound, reward: Tensor) -> Mapping[str, Tensor]:
    context = {
        "speaker_activity": layer_round.heard,
        "potential": layer_round.potential,
        "activity": layer_round.activity,
        "broadcast": layer_round.broadcast,
    }
    context |= {"reward": reward} if layer_round.echo is None else {"reward": reward, "jacobian": layer_round.echo}
    return {name: array.clone() for name, array in context.items() if array is not None}
