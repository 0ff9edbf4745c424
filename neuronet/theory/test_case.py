"""Positions to check the theory at: a small game, and the batch that is about to be played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np

from neuronet.core.array_types import Array, Memory
from neuronet.core.observation import Observation
from neuronet.core.payoff import CrossEntropy, Payoff
from neuronet.core.policy import Policy, Wrapper
from neuronet.core.random_streams import Purpose, generator
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base import Engine, Setup, State
from neuronet.engines.tensors import TensorEngine
from neuronet.policies.attention.attention_seeking import AttentionSeeking
from neuronet.registry import build_network
from neuronet.theory.comparison import Floats, Layers


def _tensors(setup: Setup) -> Engine:
    return TensorEngine(setup, device="cpu")


ENGINES: dict[str, Callable[[Setup], Engine]] = {"tensors": _tensors, "agents": NeuronModel}
"""How each engine is made from a setup."""

MYOPIC = AttentionSeeking(p=2.0, foresight=0.0)
"""The policy that propositions 1 and 5 speak of."""


@dataclass(frozen=True, eq=False)
class RoundRecord:
    """What the neurons of a hidden layer saw in a round, and what they answered.

    Attributes:
        attention: (K, J).
        demand: (B, K).
        activity: (B, J).
        feedback: (B, J), the answer.
    """

    attention: Floats
    demand: Floats
    activity: Floats
    feedback: Floats


@dataclass(frozen=True)
class _RecordingPolicy(Wrapper):
    """Plays as the policy it holds, and takes notes for whoever measures; the game does not depend on them."""

    policy: Policy
    records: list[RoundRecord] = field(default_factory=list)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        answer = super().feedback(obs, memory)
        self.records.append(
            RoundRecord(*(np.asarray(sight).copy() for sight in (obs.attention, obs.demand, obs.activity, answer)))
        )
        return answer


@dataclass(frozen=True, eq=False)
class GameCase:
    """A game before its first round, and the batch that is about to be played.

    Attributes:
        setup: The game, in float64 and with SGD.
        inputs: (B, I).
        targets: (B,) classes or (B, O) values.
    """

    setup: Setup
    inputs: Floats
    targets: Array

    def with_policy(self, policy: Policy, learning_rate: float | None = None) -> GameCase:
        """The same position with other players, or in another rhythm."""
        rate = self.setup.learning_rate if learning_rate is None else learning_rate
        return replace(self, setup=replace(self.setup, policies=policy, learning_rate=rate))

    def intents(self, engine: str) -> Layers:
        """What a round changes, divided by the learning rate: (J, S) for each listening layer."""
        with closing(ENGINES[engine](self.setup)) as game:
            before = game.state()
            game.play(self.inputs, self.targets)
            after = game.state()
        pairs = zip(synapses(before), synapses(after), strict=True)
        return [(new - old) / self.setup.learning_rate for old, new in pairs]

    def records(self, engine: str) -> list[RoundRecord]:
        """What each hidden layer saw and answered in a round, the lowest layer first."""
        depth = len(self.setup.network.weights)
        policies = [_RecordingPolicy(self.setup.groups(layer)[0].policy) for layer in range(1, depth + 1)]
        with closing(ENGINES[engine](replace(self.setup, policies=policies))) as game:
            game.play(self.inputs, self.targets)
        return [_concatenated(policy.records) for policy in policies[:-1]]

    def outputs(self, engine: str) -> Floats:
        """What the output neurons say to the batch, (B, O)."""
        with closing(ENGINES[engine](self.setup)) as game:
            return np.asarray(game.outputs(self.inputs)).copy()


def synapses(state: State) -> Layers:
    """The weights and, last, the bias of each listening layer's neurons, (J, S)."""
    depth = sum(name.count(".") == 1 and name.endswith(".bias") for name in state.arrays)
    return [
        np.concatenate((state.arrays[f"{layer}.weights"], state.arrays[f"{layer}.bias"][:, None]), axis=1)
        for layer in range(1, depth + 1)
    ]


def _concatenated(records: list[RoundRecord]) -> RoundRecord:
    """One note of a whole layer; the agent engine gives one for each neuron."""
    return RoundRecord(
        np.concatenate([record.attention for record in records], axis=1),
        records[0].demand,
        np.concatenate([record.activity for record in records], axis=1),
        np.concatenate([record.feedback for record in records], axis=1),
    )


def make_case(
    sizes: Sequence[int],
    activation: str = "tanh",
    *,
    output_activation: str = "identity",
    connectivity: str = "dense",
    payoff: Payoff | None = None,
    policy: Policy = MYOPIC,
    learning_rate: float = 1.0,
    batch: int = 16,
    seed: int = 0,
) -> GameCase:
    """A fresh game with random biases, and a random batch.

    Args:
        sizes: Neurons in each layer, inputs first.
        activation: Of the hidden layers.
        output_activation: Of the output layer.
        connectivity: Who listens to whom.
        payoff: Softmax cross-entropy if none is given.
        policy: Of all neurons.
        learning_rate: eta.
        batch: B.
        seed: The same seed gives the same position.
    """
    chosen_payoff = payoff or CrossEntropy()
    network = build_network(
        sizes, connectivity=connectivity, activation=activation, output_activation=output_activation, seed=seed
    )
    rng = generator(seed, Purpose.DATA)
    network = replace(network, biases=tuple(0.1 * rng.standard_normal(size) for size in sizes[1:]))
    inputs = rng.standard_normal((batch, sizes[0]))
    classes = rng.integers(sizes[-1], size=batch)
    targets = classes if isinstance(chosen_payoff, CrossEntropy) else rng.standard_normal((batch, sizes[-1]))
    return GameCase(Setup(network, policy, learning_rate=learning_rate, payoff=chosen_payoff, seed=seed), inputs, targets)
