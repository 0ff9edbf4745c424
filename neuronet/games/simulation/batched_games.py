"""Games that are going on, all at once, on the tensor engine's axis of replicas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.batches import Batches
from neuronet.core.environment import Samples
from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.network import Network
from neuronet.core.structure.population import Layers
from neuronet.engines.base import Setup, State, transfer_state
from neuronet.engines.tensors import tensor_engine
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.payoffs import AttentionHoldings, Floats, attention_holdings
from neuronet.training.evaluation import evaluate
from neuronet.training.trainer import Callback, Trainer

MAX_EVAL_SAMPLES = 2048
"""Most test samples by which the networks are judged at the end."""


class _TotalLoss(Callback):
    """Callback that adds up the losses of all samples, (R,)."""

    def __init__(self, replicas: int) -> None:
        self.total = np.zeros(replicas)

    def after_rounds(self, losses: NDArray[Any]) -> None:
        self.total += losses.sum(axis=-1, dtype=np.float64)


class BatchedGames:
    """Games that are going on, all at once: they have as many followers of each policy, and policies that keep the same.

    Args:
        game_setup: What they have in common.
        games: Profile, start and seed of each; all starts after as many rounds.

    Raises:
        NeuroNetError: They cannot be played at once.
    """

    def __init__(self, game_setup: GameSetup, games: Sequence[tuple[Layers, InitialState, int]]) -> None:
        self.game_setup = game_setup
        self.setups = [setup_of(game_setup, layers, start.network, seed) for layers, start, seed in games]
        self.engine = tensor_engine(self.setups, game_setup.batch_size, device=game_setup.device)
        state = _first_state(game_setup, games, self.setups)
        if state is not None:
            self.engine.restore(state)
        self._train = self.engine.prepare(game_setup.environment.train)
        self._test: Samples = self.engine.prepare(game_setup.environment.test)
        self._batches = Batches(len(game_setup.environment.train), game_setup.batch_size, tuple(seed for _, _, seed in games))

    def run(self, rounds: int) -> Floats:
        """Play so many rounds; gives the mean loss of the samples played, (R,)."""
        losses = _TotalLoss(len(self.setups))
        first, last = self.engine.round_number, self.engine.round_number + rounds
        Trainer(self.engine, self._batches, self._train, callbacks=(losses,)).run(last)
        return losses.total / max(self._batches.samples_before(last) - self._batches.samples_before(first), 1)

    def state(self) -> State:
        """Where the games stand."""
        return self.engine.state()

    def attention_holdings(self) -> AttentionHoldings:
        """What the hidden neurons hold now, (R, J) for each layer."""
        arrays = self.engine.state().arrays
        lead = (len(self.setups),)
        depth = range(1, len(self.game_setup.sizes))
        weights, biases = (
            [arrays[f"{layer}.{name}"].reshape(*lead, *arrays[f"{layer}.{name}"].shape[-axes:]) for layer in depth]
            for name, axes in (("weights", 2), ("bias", 1))
        )
        names = self.setups[0].network.activations
        return attention_holdings(
            self.engine.round_number, weights, biases, names, self.game_setup.probe_inputs, self.game_setup.measure
        )

    def evaluate(self) -> tuple[Floats, Floats]:
        """Loss and accuracy on test samples, (R,) each; accuracy is nan where targets are values."""
        loss, accuracy = evaluate(self.engine, self.game_setup.environment.payoff, self._test, len(self.setups), MAX_EVAL_SAMPLES)
        return np.asarray(loss), np.asarray(accuracy)

    def close(self) -> None:
        """Give up all memory."""
        self.engine.close()


def setup_of(game_setup: GameSetup, layers: Layers, network: Network, seed: int) -> Setup:
    """The game as an engine takes it."""
    environment, rate = game_setup.environment, game_setup.learning_rate
    return Setup(network, layers, game_setup.optimizer, rate, environment.payoff, seed, game_setup.dtype)


def _first_state(
    game_setup: GameSetup, games: Sequence[tuple[Layers, InitialState, int]], setups: Sequence[Setup]
) -> State | None:
    """The state in which the games begin; None where all are fresh."""
    if all(start.state is None for _, start, _ in games):
        return None
    if len({start.round for _, start, _ in games}) > 1:
        raise NeuroNetError("games that are played at once must begin after as many rounds")
    states = []
    for (_, start, seed), setup in zip(games, setups, strict=True):
        if start.state is None or start.layers is None:
            raise NeuroNetError("games that are played at once must all be fresh, or all begin from a state")
        states.append(transfer_state(start.state, [setup_of(game_setup, start.layers, start.network, seed)], [setup]))
    if len(states) == 1:
        return states[0]
    return State(states[0].round, {name: np.stack([each.arrays[name] for each in states]) for name in states[0].arrays})
