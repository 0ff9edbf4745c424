"""Router of messages between layers: through their channels, and back to earlier rounds where demands are late."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import array_api_compat.torch as xp
from torch import Tensor

from neuronet.channels import MessageKey, MessageRouter
from neuronet.engines.base.setup import Setup
from neuronet.engines.tensors.layer_record import LayerRecord
from neuronet.engines.tensors.round_context import RoundContext


class DirectRouter:
    """Router of a game without channels: messages arrive unchanged, in the round in which they are sent."""

    def forward(self, layer: int, activity: Tensor, context: RoundContext) -> Tensor:
        """Return what arrives of a layer's activity (..., B, J) at its listeners; the inputs are layer 0."""
        return activity

    def backward(self, record: LayerRecord, demand: Tensor | None, context: RoundContext) -> tuple[LayerRecord, Tensor | None]:
        """Return the demand that arrives at a layer, and the layer's record of the round that the demand is about.

        Args:
            record: The layer in this round.
            demand: (..., B, K), demand of its listeners; None if none has arrived at them.
            context: This round.
        """
        return record, demand

    def end(self) -> None:
        """End a training round."""

    def state(self) -> dict[MessageKey, Tensor]:
        """Return messages in flight and stored rounds, without copies."""
        return {}

    def restore(self, arrays: Mapping[MessageKey, Tensor]) -> None:
        """Restore messages in flight and stored rounds."""


class ChannelRouter(DirectRouter):
    """Router of messages through channels.

    Args:
        setups: The game of each replica, with equal channels.
        tensor: Makes a tensor of one numpy array for each game.
    """

    def __init__(self, setups: Sequence[Setup], tensor: Callable[[Sequence[Any]], Tensor]) -> None:
        sizes, seeds = setups[0].network.sizes, [setup.seed for setup in setups]
        self._messages = MessageRouter(setups[0].channels, sizes, seeds, xp, tensor)

    def forward(self, layer: int, activity: Tensor, context: RoundContext) -> Tensor:
        """Return what arrives of a layer's activity (..., B, J) at its listeners."""
        arrived: Tensor = self._messages.forward(layer, activity, context.number, learning=context.learning)
        return arrived

    def backward(self, record: LayerRecord, demand: Tensor | None, context: RoundContext) -> tuple[LayerRecord, Tensor | None]:
        """Return the demand that arrives at a layer, and the layer's record of the round that the demand is about."""
        layer = record.layer.number
        arrived: Tensor | None = self._messages.backward(layer, demand, context.number)
        record.jacobian = self._messages.jacobian(layer)
        if layer not in self._messages.delays:
            return record, arrived
        past = self._messages.recall_round(layer, _kept(record))
        if arrived is None or past is None:
            return record, None
        then = replace(
            context,
            number=context.number - self._messages.delays[layer],
            batch=past["speaker_activity"].shape[-2],
            broadcast=past["broadcast"],
            reward=past["reward"],
        )
        return LayerRecord.recalled(record.layer, then, past), arrived

    def end(self) -> None:
        """End a training round."""
        self._messages.end()

    def state(self) -> dict[MessageKey, Tensor]:
        """Return messages in flight and stored rounds, without copies."""
        return self._messages.state()

    def restore(self, arrays: Mapping[MessageKey, Tensor]) -> None:
        """Restore messages in flight and stored rounds."""
        self._messages.restore(arrays)


def make_router(setups: Sequence[Setup], tensor: Callable[[Sequence[Any]], Tensor]) -> DirectRouter:
    """Return the router of a game."""
    return ChannelRouter(setups, tensor) if setups[0].channels else DirectRouter()


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
