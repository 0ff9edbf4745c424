"""Carries the messages of a game between its stages through their channels, and lets layers look back where demands are late."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import array_api_compat.torch as xp
from torch import Tensor

from neuronet.channels.router import Traffic
from neuronet.engines.base.engine import Setup
from neuronet.engines.tensors.layer_round import Stage


class Courier:
    """The channels of the games that are played at once.

    Args:
        setups: The games; all have the same channels.
        own: Makes a tensor of one array of numpy's for each game.
        stages_for: Gives the stages for a batch of a size.
    """

    def __init__(
        self,
        setups: Sequence[Setup],
        own: Callable[[Sequence[Any]], Tensor],
        stages_for: Callable[[int], list[Stage]],
    ) -> None:
        first = setups[0]
        channels: Any = first.channels
        self.traffic = Traffic(channels, first.network.sizes, [each.seed for each in setups], xp, own)
        self._stages_for = stages_for

    def up(self, layer: int, said: Tensor, number: int, learning: bool) -> Tensor:
        """What arrives of what a layer said in a round."""
        return self.traffic.up(layer, said, number, learning=learning)  # type: ignore[no-any-return]

    def down(self, stage: Stage, demand: Tensor | None, reward: Tensor, number: int) -> tuple[Stage, Tensor | None]:
        """The demands that arrive at a layer, and the layer as it was when it said what they are about; None for nothing yet.

        Args:
            stage: The layer as it is in this round, with its broadcast set.
            demand: What its listeners demand; None if nothing has come to them, either.
            reward: (..., B), of this round.
            number: The round's.
        """
        layer = stage.layer.number
        arrived: Tensor | None = self.traffic.down(layer, demand, number)
        stage.echo = self.traffic.echo(layer)
        if layer not in self.traffic.lags:
            return stage, arrived
        past = self.traffic.look_back(layer, _conversation(stage, reward))
        if arrived is None or past is None:
            return stage, None
        then = self._stages_for(past["heard"].shape[-2])[layer - 1]
        then.recall(past, stage.learning_rate)
        then.layer.open(number - self.traffic.lags[layer], then.batch)
        return then, arrived


def _conversation(stage: Stage, reward: Tensor) -> Mapping[str, Tensor]:
    kept = {"heard": stage.heard, "potential": stage.potential, "activity": stage.activity, "broadcast": stage.broadcast}
    kept |= {"reward": reward} if stage.echo is None else {"reward": reward, "echo": stage.echo}
    return {name: array.clone() for name, array in kept.items() if array is not None}
