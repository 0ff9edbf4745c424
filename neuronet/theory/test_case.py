"""Test cases of the theory: a small network with its policies, and the batch of the next round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np

from neuronet.core import Array, CrossEntropy, Memory, Observation, Payoff, Policy, Purpose, Wrapper, generator
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base import Engine, Setup, State
from neuronet.engines.tensors import TensorEngine
from neuronet.policies import AttentionSeeking
from neuronet.registry import build_network
from neuronet.theory.comparison import Floats, Layers


def _tensors(setup: Setup) -> Engine:
    return TensorEngine(setup, device="cpu")


ENGINES: dict[str, Callable[[Setup], Engine]] = {"tensors": _tensors, "agents": NeuronModel}
"""Constructor of each engine from a setup."""

MYOPIC = AttentionSeeking(p=2.0, foresight=0.0)
"""Policy of propositions 1 and 5."""


@dataclass(frozen=True, eq=False)
class RoundRecord:
    """Observation and feedback of a hidden layer's neurons in a round.

    Attributes:
        attention: (K, J), weights of the listeners.
        demand: (B, K), demand of the listeners.
        activity: (B, J), activity of the neurons.
        feedback: (B, J), their feedback.
    """

    attention: Floats
    demand: Floats
    activity: Floats
    feedback: Floats


@dataclass(frozen=True)
class _RecordingPolicy(Wrapper):
    """Wrapper that records each round of its policy without changing it."""

    policy: Policy
    records: list[RoundRecord] = field(default_factory=list)

    def feedback(self, obs: Observation, memory: Memory) -> Array:
        feedback = super().feedback(obs, memory)
        self.records.append(
            RoundRecord(*(np.asarray(array).copy() for array in (obs.attention, obs.demand, obs.activity, feedback)))
        )
        return feedback


@dataclass(frozen=True, eq=False)
class GameCase:
    """Network before its first round, and the batch of that round.

    Attributes:
        setup: Setup in float64 with SGD.
        inputs: (B, I).
        targets: (B,) classes or (B, O) values.
    """

    setup: Setup
    inputs: Floats
    targets: Array

    def with_policy(self, policy: Policy, learning_rate: float | None = None) -> GameCase:
        """Return the same test case with another policy of all neurons, and another learning rate if one is given."""
        rate = self.setup.learning_rate if learning_rate is None else learning_rate
        policies = (policy,) * len(self.setup.policies)
        return replace(self, setup=replace(self.setup, policies=policies, learning_rate=rate))

    def intents(self, engine: str) -> Layers:
        """Return the changes of a round divided by the learning rate, (J, S) for each listening layer."""
        with closing(ENGINES[engine](self.setup)) as game:
            before = game.state()
            game.play(self.inputs, self.targets)
            after = game.state()
        pairs = zip(synapses(before), synapses(after), strict=True)
        return [(new - old) / self.setup.learning_rate for old, new in pairs]

    def records(self, engine: str) -> list[RoundRecord]:
        """Return the record of each hidden layer in a round, the lowest layer first."""
        depth = len(self.setup.network.weights)
        policies = [_RecordingPolicy(self.setup.groups(layer)[0].policy) for layer in range(1, depth + 1)]
        with closing(ENGINES[engine](replace(self.setup, policies=tuple(policies)))) as game:
            game.play(self.inputs, self.targets)
        return [_concatenated(policy.records) for policy in policies[:-1]]

    def outputs(self, engine: str) -> Floats:
        """Return the outputs for the batch, (B, O)."""
        with closing(ENGINES[engine](self.setup)) as game:
            return np.asarray(game.outputs(self.inputs)).copy()


def synapses(state: State) -> Layers:
    """Return the weights and, last, the bias of each listening layer, (J, S)."""
    return [np.concatenate((layer.weights, layer.bias[:, None]), axis=1) for layer in state.layers]


def _concatenated(records: list[RoundRecord]) -> RoundRecord:
    """Join the records of a layer: the agent engine makes one for each neuron."""
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
    """Return a test case with a fresh network, random biases and a random batch.

    Args:
        sizes: Number of neurons in each layer, inputs first.
        activation: Activation of the hidden layers.
        output_activation: Activation of the output layer.
        connectivity: Wiring between the layers.
        payoff: Payoff of the outputs; None for softmax cross-entropy.
        policy: Policy of all neurons.
        learning_rate: Learning rate eta (> 0).
        batch: Batch size B.
        seed: Random seed.
    """
    chosen_payoff = payoff or CrossEntropy()
    network = build_network(
        sizes, connectivity=connectivity, activation=activation, output_activation=output_activation, seed=seed
    )
    rng = generator(seed, Purpose.DATA)
    network = replace(network, biases=tuple(0.1 * rng.standard_normal(size) for size in sizes[1:]))
    inputs = rng.standard_normal((batch, sizes[0]))
    classes = rng.integers(sizes[-1], size=batch)
    targets = classes if chosen_payoff.classes else rng.standard_normal((batch, sizes[-1]))
    return GameCase(Setup(network, policy, learning_rate=learning_rate, payoff=chosen_payoff, seed=seed), inputs, targets)
