"""A whole round in torch that autograd can differentiate: speak, payoff, feed back and change, by the policies' own hooks.

The engines overwrite their buffers in every round, so that autograd cannot follow them. This round keeps every tensor. It gives
the changes that the engines give with SGD, and has no optimizer of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import array_api_compat.torch as xp
import numpy as np
import torch
from torch import Tensor

from neuronet.core import SGD, ConfigurationError, Layers
from neuronet.engines.base import Setup, State, transfer_state
from neuronet.engines.tensors import TensorEngine
from neuronet.games.reaction.differentiable_layer import Answer, DifferentiableLayer, Fields
from neuronet.games.simulation.batched_games import setup_of
from neuronet.games.simulation.game_setup import GameSetup, InitialState

Synapses = Sequence[Tensor]
"""Weights and, last, bias of each listening layer, (..., J, S) each."""


@dataclass(frozen=True, eq=False)
class PlayedRound:
    """What happened in a round, by listening layer.

    Attributes:
        fields: What the neurons could observe; those of layers that were not asked for feedback are incomplete.
        demands: Demands before any factor, (..., B, J) each; of the lowest layer asked and those above it.
        answers: Changes, and what the speakers learned of them; likewise.
    """

    fields: Mapping[int, Fields]
    demands: Mapping[int, Tensor]
    answers: Mapping[int, Answer]


class DifferentiableRound:
    """Round of a game in which any neuron may say something else than its policy does.

    Args:
        setup: The game, without channels, in synchronous rounds, with no neuron silent or frozen.
        state: State of the engine before the round.

    Attributes:
        setup: The game.
        learning_rate: eta.
        layers: Listening layers by number.
        synapses: Synapses of the state, float64.
    """

    def __init__(self, setup: Setup, state: State) -> None:
        self.setup = setup
        self.number, self.learning_rate = state.round, float(setup.learning_rate)
        numbers = range(1, len(setup.network.sizes))
        self.layers = {number: DifferentiableLayer(setup, number, state.layer(number).memories) for number in numbers}
        self.synapses = [
            torch.tensor(np.column_stack((layer.weights, layer.bias)), dtype=torch.float64) for layer in state.layers
        ]

    @classmethod
    def of_game(cls, game_setup: GameSetup, start: InitialState, layers: Layers) -> DifferentiableRound:
        """Return the next round of a game from a state, if its neurons follow these policies from now on.

        Raises:
            ConfigurationError: The game has channels.
        """
        if game_setup.channels:
            raise ConfigurationError("slopes through a round are computed without channels: leave channels out")
        setup = replace(setup_of(game_setup, layers, start.network, start.seed), optimizer=SGD(), dtype="float64")
        with closing(TensorEngine(setup, device="cpu")) as engine:
            if start.state is not None:
                before = setup_of(game_setup, start.layers or layers, start.network, start.seed)
                engine.restore(transfer_state(start.state, [before], [setup]))
            return cls(setup, engine.state())

    def play(
        self,
        inputs: Tensor,
        targets: Tensor,
        synapses: Synapses | None = None,
        *,
        moves: Mapping[int, Tensor] | None = None,
        lowest: int = 1,
    ) -> PlayedRound:
        """Play a round and return what happened; synapses and memories stay as they are.

        Args:
            inputs: (..., B, I).
            targets: (B,) classes or (B, O) values.
            synapses: Synapses at the beginning; None for those of the state.
            moves: What is added to the activity of a listening layer, by its number; broadcasts against (..., B, J).
            lowest: Lowest layer that is asked for its feedback.
        """
        given, depth = self.synapses if synapses is None else synapses, len(self.layers)
        fields, demands, answers = dict[int, Fields](), dict[int, Tensor](), dict[int, Answer]()
        heard = inputs
        for number, layer in self.layers.items():
            layer.open_round(self.number, inputs.shape[-2])
            attention = given[number][..., :-1] if number < depth else given[-1].new_zeros(0, given[-1].shape[-2])
            fields[number] = layer.speak(given[number - 1], heard, attention, (moves or {}).get(number))
            heard = fields[number]["activity"]
        payoff = self.setup.payoff
        reward = -payoff.loss(xp, heard, targets) if any(layer.needs_reward for layer in self.layers.values()) else None
        for number in range(depth, lowest - 1, -1):
            layer, own = self.layers[number], fields[number]
            own["reward"] = reward
            if number == depth:
                own["demand"], own["feedback"] = heard.new_zeros(*heard.shape[:-1], 0), payoff.feedback(xp, heard, targets)
            else:
                above = answers[number + 1]
                own |= {"demand": above.demand, "response": above.response, "broadcast": answers[depth].demand}
                own["feedback"] = layer.feedback(own)
            demands[number] = layer.demand(own, own["feedback"])
            answers[number] = layer.answer(own, demands[number])
        return PlayedRound(fields, demands, answers)

    def changes(self, played: PlayedRound) -> list[Tensor]:
        """Return the changes of all synapses per unit of learning rate, (..., J, S) each."""
        return [played.answers[number].change for number in self.layers]


def as_tensors(inputs: Any, targets: Any) -> tuple[Tensor, Tensor]:
    """Return a batch as tensors, inputs and values in float64."""
    values = torch.as_tensor(np.asarray(targets))
    return torch.as_tensor(np.asarray(inputs), dtype=torch.float64), values.double() if values.is_floating_point() else values
