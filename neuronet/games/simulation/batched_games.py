"""Games that run together on the tensor engine's axis of replicas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import Batches, Layers, Network, Samples, StateError
from neuronet.engines.base import Setup, State, stack_replicas, transfer_state
from neuronet.engines.tensors import tensor_engine
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.payoffs import AttentionHoldings, Floats, attention_holdings, payoffs_of
from neuronet.training import Callback, RunProgress, Trainer, evaluate

Game = tuple[Layers, InitialState, int]
"""Policies, initial state and seed of a game."""

MAX_EVAL_SAMPLES = 2048
"""Largest number of test samples in an evaluation."""


class _TotalLoss(Callback):
    """Callback that adds up the losses of all samples, (R,)."""

    def __init__(self, replicas: int) -> None:
        self.total = np.zeros(replicas)

    def after_rounds(self, run: RunProgress, losses: NDArray[Any]) -> None:
        self.total += losses.sum(axis=-1, dtype=np.float64)


class BatchedGames:
    """Games that run together, with groups of equal sizes and policies with equal memory.

    Args:
        game_setup: Settings shared by the games.
        games: Profile, initial state and seed of each game; all initial states have the same round.
        played: Number of games of the study that these are a part of; None for these alone.

    Raises:
        StateError: The initial states cannot be combined.
    """

    def __init__(self, game_setup: GameSetup, games: Sequence[Game], played: int | None = None) -> None:
        self.game_setup = game_setup
        self.setups = [setup_of(game_setup, layers, start.network, seed) for layers, start, seed in games]
        self.engine = tensor_engine(
            self.setups,
            game_setup.batch_size,
            device=game_setup.device,
            kernels=game_setup.kernels,
            rounds=game_setup.rounds * (len(games) if played is None else played),
        )
        state = _first_state(game_setup, games, self.setups)
        if state is not None:
            self.engine.restore(state)
        self._train = self.engine.prepare(game_setup.environment.train)
        self._test: Samples = self.engine.prepare(game_setup.environment.test)
        self._batches = Batches(len(game_setup.environment.train), game_setup.batch_size, tuple(seed for _, _, seed in games))

    def run(self, rounds: int) -> Floats:
        """Play a number of rounds and return the mean loss of the samples played, (R,)."""
        losses = _TotalLoss(len(self.setups))
        first, last = self.engine.round_number, self.engine.round_number + rounds
        Trainer(self.engine, self._batches, self._train, callbacks=(losses,)).run(last)
        return losses.total / max(self._batches.samples_before(last) - self._batches.samples_before(first), 1)

    def state(self) -> State:
        """Return the state of the games."""
        return self.engine.state()

    def attention_holdings(self) -> AttentionHoldings:
        """Return the attention of the hidden neurons, (R, J) per layer."""
        state, replicas = self.engine.state(), len(self.setups)
        sizes = self.game_setup.sizes
        weights, biases = [], []
        for number, layer in enumerate(state.layers, start=1):
            weights.append(layer.weights.reshape(replicas, sizes[number], sizes[number - 1]))
            biases.append(layer.bias.reshape(replicas, sizes[number]))
        names = self.setups[0].network.activations
        return attention_holdings(
            self.engine.round_number, weights, biases, names, self.game_setup.probe_inputs, self.game_setup.measure
        )

    def payoffs_since(self, before: AttentionHoldings, loss: Floats) -> dict[str, tuple[Floats, ...]]:
        """Return all payoffs at this moment, an array (R, J) per hidden layer by name.

        Args:
            before: Attention at the beginning of the game.
            loss: Loss of each network, (R,).
        """
        own = {payoff.name: payoff for payoff in self.game_setup.own_payoffs}
        return payoffs_of(before, self.attention_holdings(), loss, own)

    def evaluate(self) -> tuple[Floats, Floats]:
        """Return the loss and accuracy on test samples, (R,) each; accuracy is nan for regression."""
        loss, accuracy = evaluate(self.engine, self.game_setup.environment.payoff, self._test, len(self.setups), MAX_EVAL_SAMPLES)
        return np.asarray(loss), np.asarray(accuracy)

    def close(self) -> None:
        """Release the engine."""
        self.engine.close()


def setup_of(game_setup: GameSetup, layers: Layers, network: Network, seed: int) -> Setup:
    """Return the engine setup of a game."""
    environment, rate = game_setup.environment, game_setup.learning_rate
    return Setup(network, layers, game_setup.optimizer, rate, environment.payoff, seed, game_setup.dtype)


def _first_state(game_setup: GameSetup, games: Sequence[Game], setups: Sequence[Setup]) -> State | None:
    """Return the stacked initial state, or None if all networks are fresh."""
    if all(start.state is None for _, start, _ in games):
        return None
    if len({start.round for _, start, _ in games}) > 1:
        raise StateError("initial states of batched games must have the same round")
    states = []
    for (_, start, seed), setup in zip(games, setups, strict=True):
        if start.state is None or start.layers is None:
            raise StateError("initial states of batched games must be all fresh or all have an engine state")
        states.append(transfer_state(start.state, [setup_of(game_setup, start.layers, start.network, seed)], [setup]))
    return states[0] if len(states) == 1 else stack_replicas(states)
