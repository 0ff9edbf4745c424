"""Router of messages between layers: through their channels, and back to earlier rounds where demands are late."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import array_api_compat.torch as xp
from torch import Tensor

from neuronet.channels import MessageRouter
from neuronet.engines.base.setup import Setup
from neuronet.engines.tensors.layer_record import LayerRecord
from neuronet.engines.tensors.round_context import RoundContext


class ChannelRouter:
    """Router of the games that are played at once; without channels, messages arrive unchanged.

    Args:
        setups: The game of each replica, with equal channels.
        tensor: Makes a tensor of one numpy array for each game.
    """

    def __init__(self, setups: Sequence[Setup], tensor: Callable[[Sequence[Any]], Tensor]) -> None:
        sizes, seeds = setups[0].network.sizes, [setup.seed for setup in setups]
        self.messages = MessageRouter(setups[0].channels, sizes, seeds, xp, tensor)

    def forward(self, layer: int, activity: Tensor, context: RoundContext) -> Tensor:
        """Return what arrives of a layer's activity (..., B, J) at its listeners; the inputs are layer 0."""
        arrived: Tensor = self.messages.forward(layer, activity, context.number, learning=context.learning)
        return arrived

    def backward(self, record: LayerRecord, demand: Tensor | None, context: RoundContext) -> tuple[LayerRecord, Tensor | None]:
        """Return the demand that arrives at a layer, and the layer's record of the round that the demand is about.

        Args:
            record: The layer in this round.
            demand: (..., B, K), demand of its listeners; None if none has arrived at them.
            context: This round.
        """
        layer = record.layer.number
        arrived: Tensor | None = self.messages.backward(layer, demand, context.number)
        record.jacobian = self.messages.jacobian(layer)
        if layer not in self.messages.delays:
            return record, arrived
        past = self.messages.recall_round(layer, _kept(record))
        if arrived is None or past is None:
            return record, None
        then = replace(
            context,
            number=context.number - self.messages.delays[layer],
            batch=past["speaker_activity"].shape[-2],
            broadcast=past["broadcast"],
            reward=past["reward"],
        )
        return LayerRecord.recalled(record.layer, then, past), arrived


def _kept(record: LayerRecord) -> Mapping[str, Tensor]:
    """Return copies of what a layer must keep of a round until its demands arrive."""
    arrays = {
        "speaker_activity": record.heard,
        "potential": record.potential,
        "activity": record.activity,
        "broadcast": record.context.broadcast,
        "reward": record.context.reward,
        "jacobian": record.jacobian,
    }
    return {name: array.clone() for name, array in arrays.items() if array is not None}
