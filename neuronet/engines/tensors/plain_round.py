"""A round of all layers: up to the outputs, down with the demands, and the change of every layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from neuronet.engines.base.setup import Setup
from neuronet.engines.tensors.assembly.round_cache import RoundCache
from neuronet.engines.tensors.channel_router import make_router
from neuronet.engines.tensors.data_parallel.reducer import Reducer
from neuronet.engines.tensors.kernels.loss import LossFunction
from neuronet.engines.tensors.layer import Layer, inverse_mask
from neuronet.engines.tensors.layer_record import LayerRecord
from neuronet.engines.tensors.parameters import Parameters
from neuronet.engines.tensors.round_context import RoundContext
from neuronet.engines.tensors.scheduler import make_scheduler


@dataclass(eq=False)
class BegunRound:
    """A round whose forward pass is done.

    Attributes:
        context: The round.
        records: Record of each listening layer.
    """

    context: RoundContext
    records: list[LayerRecord]

    @property
    def outputs(self) -> Tensor:
        """Activity of the outputs, (..., B, O)."""
        return self.records[-1].activity

    def close(self) -> None:
        """Let go of what the neurons have observed."""
        for record in self.records:
            record.close()


class PlainRound:
    """Rounds of any game, one after another.

    Args:
        setups: The game of each replica.
        layers: The listening layers.
        parameters: Their parameters.
        loss_function: Loss and feedback of the outputs.
        rounds: Passes of each layer by batch size.
        reducer: Combines the results of processes that play one batch together.

    Attributes:
        router: Passes messages through the channels.
        can_fuse: Whether neither channels nor silent inputs change what layers hear.
        activities: (..., B, J) of each layer in the last round, the inputs first.
        demands: (..., B, J) of each listening layer in the last round that was learned from; None where there was none.
    """

    def __init__(
        self,
        setups: Sequence[Setup],
        layers: Sequence[Layer],
        parameters: Parameters,
        loss_function: LossFunction,
        rounds: RoundCache,
        reducer: Reducer,
    ) -> None:
        space = layers[0].space
        self._parameters, self._loss_function, self._rounds, self._reducer = parameters, loss_function, rounds, reducer
        self._needs_reward = bool(setups[0].channels) or any("reward" in layer.needs for layer in layers)
        self._input_mask = inverse_mask(space, [setup.is_silent(0)[None, :] for setup in setups])
        self._scheduler = make_scheduler(setups, layers)
        self.router = make_router(setups, space.tensor)
        self.can_fuse = self._input_mask is None and not setups[0].channels
        self.activities: list[Tensor] = []
        self.demands: list[Tensor | None] = []

    def play(self, inputs: Tensor, targets: Tensor, number: int, rate: float | Tensor) -> None:
        """Play a round: all layers speak, and learn from the loss.

        Args:
            inputs: (..., B, I).
            targets: (..., B) or (..., B, O).
            number: Number of the round, from 0.
            rate: eta: a number, or (R, 1, 1).
        """
        begun = self.forward(inputs, number, rate, learning=True)
        output_feedback = self._loss_function.output_feedback(begun.outputs, targets)
        self.learn(begun, output_feedback, self._loss_function.losses() if self._needs_reward else None)

    def forward(self, inputs: Tensor, number: int, rate: float | Tensor, *, learning: bool) -> BegunRound:
        """Let all layers speak, from the inputs (..., B, I) up."""
        batch = inputs.shape[-2]
        masks = self._scheduler.masks(number, learning=learning)
        context = RoundContext(number, self._reducer.batch_size(batch), learning, rate, masks)
        activity = inputs if self._input_mask is None else inputs * self._input_mask
        records: list[LayerRecord] = []
        self.activities = [activity]
        for below, layer_round in enumerate(self._rounds.layer_rounds(batch)):
            record = layer_round.forward(self.router.forward(below, activity, context), context)
            activity = record.activity
            records.append(record)
            self.activities.append(activity)
        return BegunRound(context, records)

    def learn(self, begun: BegunRound, output_feedback: Tensor, loss: Tensor | None) -> None:
        """Pass demands from the outputs down, then let all layers adapt and remember.

        Args:
            begun: The round; it is closed.
            output_feedback: (..., B, O), feedback of the outputs.
            loss: (..., B), loss of each sample; None if it is not known. Only policies and channels that read the reward use it.
        """
        context, records = begun.context, list(begun.records)
        context.reward = None if loss is None or not self._needs_reward else -loss
        demand: Tensor | None = output_feedback
        demands: list[Tensor | None] = []
        for index in reversed(range(len(records))):
            records[index], demand = self.router.backward(records[index], demand, context)
            demand = self._rounds.layer_rounds(records[index].batch)[index].backward(records[index], demand)
            demand = records[index].settle(demand, self._reducer)
            if index == len(records) - 1:
                context.broadcast = demand
            demands.insert(0, demand)
        updates = [masks.update for masks in context.masks]
        self._parameters.step([record.adapt() for record in records], updates, context.learning_rate, context.number + 1)
        for index, record in enumerate(records):
            if "remember" in record.layer.hooks:
                record.remember(self._parameters.change_of(index))
            record.accumulate()
            record.close()
        begun.close()
        self._parameters.apply()
        self.router.end()
        self.demands = demands
