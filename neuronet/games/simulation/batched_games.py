"""Games that run together on the tensor engine's axis of replicas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

import array_api_compat.numpy as xp
import numpy as np
from numpy.typing import NDArray

from neuronet.channels import ChannelAt, ChannelContext, channels_by_location
from neuronet.core import Batches, Environment, Layers, Network, PolicyError, Samples, StateError
from neuronet.engines.base import Setup, State, stack_replicas, transfer_state
from neuronet.engines.tensors import tensor_engine
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.payoffs import AttentionHoldings, Floats, attention_holdings, payoffs_of
from neuronet.training import Callback, RunProgress, Trainer, evaluate

Game = tuple[Layers, InitialState, int]
"""Policies, initial state and seed of a game."""

MAX_EVAL_SAMPLES = 2048
"""Largest number of test samples in an evaluation."""


def _no_draw(kind: str, shape: tuple[int, ...]) -> NoReturn:
    """Refuse random numbers: channels that are active in evaluation draw none."""
    raise PolicyError("a channel that is active in evaluation must not draw random numbers where payoffs are measured")


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
        setups: Engine setup of each game, as `setup_of` returns it; None to make them.

    Raises:
        StateError: The initial states cannot be combined.
    """

    def __init__(
        self, game_setup: GameSetup, games: Sequence[Game], played: int | None = None, setups: Sequence[Setup] | None = None
    ) -> None:
        self.game_setup = game_setup
        made = [setup_of(game_setup, layers, start.network, seed) for layers, start, seed in games] if setups is None else setups
        self.setups = list(made)
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
        self._channels = channels_by_location(game_setup.channels, game_setup.sizes)
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

    @property
    def environment(self) -> Environment:
        """Source of the training and test samples."""
        return self.game_setup.environment

    @property
    def channels(self) -> tuple[ChannelAt, ...]:
        """Channels between the layers."""
        return self.game_setup.channels

    def activities(self, inputs: NDArray[Any]) -> tuple[list[Floats], list[Floats]]:
        """Return what the neurons say on inputs (B, I), and what their listeners hear, (R, B, J) per hidden layer each."""
        self.engine.outputs(inputs)
        said, heard = [], []
        for number, width in enumerate(self.game_setup.hidden, start=1):
            activity = np.asarray(self.engine.layer_snapshot(number).activity, dtype=np.float64)
            said.append(activity.reshape(len(self.setups), len(inputs), width))
            heard.append(self._delivered(number, said[-1]))
        return said, heard

    def _delivered(self, layer: int, messages: Floats) -> Floats:
        """Return the activity of a layer as it is delivered in evaluation."""
        context = ChannelContext(xp, False, (), _no_draw)
        for channel in self._channels.get(("activity", layer), ()):
            delivered = channel.transmit(messages, context) if channel.active_in_eval else messages
            messages = np.asarray(messages if delivered is None else delivered)
        return messages

    def networks(self) -> list[Network]:
        """Return the networks as they are now."""
        layers, count = self.engine.state().layers, len(self.setups)
        found = []
        for number, setup in enumerate(self.setups):
            shapes = [weights.shape for weights in setup.network.weights]
            weights = tuple(layer.weights.reshape(count, *shape)[number] for layer, shape in zip(layers, shapes, strict=True))
            biases = tuple(layer.bias.reshape(count, -1)[number] for layer in layers)
            found.append(replace(setup.network, weights=weights, biases=biases))
        return found

    def attention_holdings(self) -> AttentionHoldings:
        """Return the attention of the hidden neurons, (R, J) per layer."""
        state, replicas, sizes = self.engine.state(), len(self.setups), self.game_setup.sizes
        above = [
            layer.weights.reshape(replicas, sizes[number], sizes[number - 1])
            for number, layer in enumerate(state.layers[1:], start=2)
        ]
        said, heard = self.activities(self.game_setup.probe_inputs)
        return attention_holdings(self.engine.round_number, above, said, heard, self.game_setup.measure)

    def payoffs_since(self, before: AttentionHoldings, loss: Floats) -> dict[str, tuple[Floats, ...]]:
        """Return all payoffs at this moment, an array (R, J) per hidden layer by name.

        Args:
            before: Attention at the beginning of the game.
            loss: Loss of each network, (R,).
        """
        after = self.attention_holdings()
        own = {payoff.name: payoff.of_games(self, after, loss) for payoff in self.game_setup.own_payoffs}
        return {**payoffs_of(before, after, loss), **own}

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
    return Setup(
        network,
        layers,
        game_setup.optimizer,
        rate,
        environment.payoff,
        seed,
        game_setup.dtype,
        channels=game_setup.channels,
    )


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
