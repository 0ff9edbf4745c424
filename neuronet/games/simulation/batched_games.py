"""Games that are going on, all at once, on the tensor engine's axis of replicas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neuronet.core.batches import Batches
from neuronet.core.environment import Samples
from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.network import Network
from neuronet.core.structure.population import Layers
from neuronet.engines.base.engine import Setup, State
from neuronet.engines.base.state_transfer import reassign
from neuronet.engines.tensors import tensor_engine
from neuronet.games.simulation.game_setup import Situation, Start
from neuronet.games.simulation.payoffs import Floats, Holdings, holdings
from neuronet.training.evaluation import as_numpy, judge

JUDGED = 2048
"""Most test samples by which the networks are judged at the end."""


class Match:
    """Games that are going on, all at once: they have as many followers of each policy, and policies that keep the same.

    Args:
        situation: What they have in common.
        games: Profile, start and seed of each; all starts after as many rounds.

    Raises:
        NeuroNetError: They cannot be played at once.
    """

    def __init__(self, situation: Situation, games: Sequence[tuple[Layers, Start, int]]) -> None:
        self.situation = situation
        self.setups = [setup_of(situation, layers, start.network, seed) for layers, start, seed in games]
        self.engine = tensor_engine(self.setups, situation.batch_size, device=situation.device)
        state = _first_state(situation, games, self.setups)
        if state is not None:
            self.engine.restore(state)
        self._train = self.engine.hold(situation.environment.train)
        self._test: Samples = self.engine.hold(situation.environment.test)
        self._batches = Batches(len(situation.environment.train), situation.batch_size, tuple(seed for _, _, seed in games))

    def go(self, rounds: int) -> Floats:
        """Play so many rounds; gives the mean loss of the samples played, (R,)."""
        size, per_epoch = self._batches.size, self._batches.per_epoch
        total, samples = np.zeros(len(self.setups)), 0
        end = self.engine.round_number + rounds
        while self.engine.round_number < end:
            epoch, step = divmod(self.engine.round_number, per_epoch)
            last = min(per_epoch, step + end - self.engine.round_number)
            order = self._batches.order(epoch)[..., step * size : last * size]
            losses = as_numpy(self.engine.play_rounds(self._train, order, size)).reshape(len(self.setups), -1)
            total += losses.sum(axis=-1, dtype=np.float64)
            samples += order.shape[-1]
        return total / max(samples, 1)

    def state(self) -> State:
        """Where the games stand."""
        return self.engine.state()

    def holdings(self) -> Holdings:
        """What the hidden neurons hold now, (R, J) for each layer."""
        arrays = self.engine.state().arrays
        lead = (len(self.setups),)
        depth = range(1, len(self.situation.sizes))
        weights, biases = (
            [arrays[f"{layer}.{name}"].reshape(*lead, *arrays[f"{layer}.{name}"].shape[-axes:]) for layer in depth]
            for name, axes in (("weights", 2), ("bias", 1))
        )
        names = self.setups[0].network.activations
        return holdings(self.engine.round_number, weights, biases, names, self.situation.probe, self.situation.measure)

    def judged(self) -> tuple[Floats, Floats]:
        """Loss and accuracy on test samples, (R,) each; accuracy is nan where targets are values."""
        loss, accuracy = judge(self.engine, self.situation.environment.payoff, self._test, len(self.setups), JUDGED)
        return np.asarray(loss), np.asarray(accuracy)

    def close(self) -> None:
        """Give up all memory."""
        self.engine.close()


def setup_of(situation: Situation, layers: Layers, network: Network, seed: int) -> Setup:
    """The game as an engine takes it."""
    environment, rate = situation.environment, situation.learning_rate
    return Setup(network, layers, situation.rule, rate, environment.payoff, seed, situation.dtype)


def _first_state(situation: Situation, games: Sequence[tuple[Layers, Start, int]], setups: Sequence[Setup]) -> State | None:
    """The state in which the games begin; None where all are fresh."""
    if all(start.state is None for _, start, _ in games):
        return None
    if len({start.round for _, start, _ in games}) > 1:
        raise NeuroNetError("games that are played at once must begin after as many rounds")
    states = []
    for (_, start, seed), setup in zip(games, setups, strict=True):
        if start.state is None or start.layers is None:
            raise NeuroNetError("games that are played at once must all be fresh, or all begin from a state")
        states.append(reassign(start.state, [setup_of(situation, start.layers, start.network, seed)], [setup]))
    if len(states) == 1:
        return states[0]
    return State(states[0].round, {name: np.stack([each.arrays[name] for each in states]) for name in states[0].arrays})
