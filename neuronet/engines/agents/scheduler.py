"""Update schedule of the agent engine: which neurons are awake, and which adapt, in which order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mesa

from neuronet.core import Bools, RandomSequential
from neuronet.engines.agents.layer_arithmetic import LayerArithmetic
from neuronet.engines.agents.neuron import Neuron
from neuronet.engines.agents.round_context import RoundContext
from neuronet.engines.base.setup import Setup

CallAll = Callable[[mesa.agent.AgentSet, str, RoundContext], None]
"""Calls a method of all agents of a set, in the model's order."""


class Scheduler:
    """Scheduler of a game in which all acting neurons of a layer act at the same time.

    Args:
        setup: The game.
    """

    def __init__(self, setup: Setup) -> None:
        self._schedule = setup.update_schedule
        self._seed, self._sizes = setup.seed, setup.network.sizes

    def active(self, number: int, *, learning: bool) -> Sequence[Bools | None]:
        """Return the mask (J,) of the neurons of each layer that are awake in a round, None for all; nothing if all are."""
        masks: list[Bools | None] = [None] * len(self._sizes)
        for layer in range(1, len(self._sizes) - 1) if learning else ():
            masks[layer] = self._schedule.active_mask(self._seed, layer, self._sizes[layer], number)
        return masks if any(mask is not None for mask in masks) else ()

    def adapt(
        self,
        layers: Sequence[mesa.agent.AgentSet],
        arithmetic: Sequence[LayerArithmetic],
        context: RoundContext,
        lowest_with_demand: int,
        call_all: CallAll,
    ) -> None:
        """Let the neurons adapt that act in this round.

        Args:
            layers: Agents of each layer, the inputs first.
            arithmetic: Arithmetic of each layer above the inputs.
            context: The round.
            lowest_with_demand: Lowest layer at which demands have arrived.
            call_all: Calls a method of all agents of a set.
        """
        for layer in range(1, len(self._sizes)):
            update = self._schedule.update_mask(self._seed, layer, self._sizes[layer], context.number)
            agents, has_demand = layers[layer], layer >= lowest_with_demand
            if update is None and (not context.active or context.active[layer] is None):
                self._adapt_together(agents, arithmetic[layer - 1], context, call_all, has_demand=has_demand)
                continue
            agents = agents.select(
                lambda neuron, update=update: (
                    (update is None or update[neuron.index]) and context.is_active(neuron.layer, neuron.index)
                )
            )
            call_all(agents, "adapt" if has_demand else "adapt_without_demand", context)

    @staticmethod
    def _adapt_together(
        agents: mesa.agent.AgentSet, arithmetic: LayerArithmetic, context: RoundContext, call_all: CallAll, *, has_demand: bool
    ) -> None:
        """Let all neurons of a layer adapt: the same as `adapt` of each, with the arithmetic done at once."""
        if not has_demand:
            arithmetic.rest(context)
            return
        if arithmetic.habits.intend:
            call_all(agents, "intend", context)
        arithmetic.step(context)
        if arithmetic.habits.remember:
            call_all(agents, "remember", context)


class RandomSequentialScheduler(Scheduler):
    """Scheduler of a game in which neurons act one after another, each in a new round of its own.

    Args:
        setup: The game.
        schedule: Its update schedule.
    """

    def __init__(self, setup: Setup, schedule: RandomSequential) -> None:
        super().__init__(setup)
        self._random = schedule

    def adapt(
        self,
        layers: Sequence[mesa.agent.AgentSet],
        arithmetic: Sequence[LayerArithmetic],
        context: RoundContext,
        lowest_with_demand: int,
        call_all: CallAll,
    ) -> None:
        """Let all neurons act in the order of this round."""
        neurons: list[Neuron] = [neuron for layer in layers[1:] for neuron in sorted(layer, key=lambda agent: agent.index)]
        for place in self._random.order(self._seed, len(neurons), context.number):
            neurons[place].act(context)


def make_scheduler(setup: Setup) -> Scheduler:
    """Return the scheduler of a game."""
    schedule = setup.update_schedule
    return RandomSequentialScheduler(setup, schedule) if isinstance(schedule, RandomSequential) else Scheduler(setup)
