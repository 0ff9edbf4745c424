"""Settings that all games of a study share, and the states in which games begin."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.channels import ChannelAt, channels_by_location
from neuronet.core import (
    ConfigurationError,
    Environment,
    Layers,
    Measure,
    Momentum,
    Network,
    Optimizer,
    Power,
    Samples,
    Wiring,
    check_number,
    check_samples,
)
from neuronet.engines.base import State
from neuronet.games.simulation.network_payoffs import GamePayoff
from neuronet.games.simulation.payoffs import KINDS
from neuronet.registry import build_network

PROBE_SIZE = 256
"""Number of training samples in the probe batch, which measures the spread of activities."""


@dataclass(frozen=True, eq=False)
class GameSetup:
    """Settings of a game except for its profile, initial state and seed.

    Attributes:
        environment: Source of the training and test samples.
        hidden: Neurons in each hidden layer, at least one layer.
        activation: Activation of the hidden layers.
        connectivity: Wiring, such as "dense" or "sparse(0.1)".
        init: Initialisation of fresh networks.
        optimizer: Rule that turns intended changes into changes.
        learning_rate: Learning rate (> 0), constant over the game.
        batch_size: Samples per round, 1 or more.
        rounds: Length of a game in rounds, 1 or more.
        measure: Utility of attention, such as `Power(3)`; what the payoffs attention, share, scaled and gain count.
        own_payoffs: Further payoffs, such as `PricedPayoff(0.1)`, or each by a function.
        channels: Channels between layers, in the order in which messages pass; `distances`, `horizon`, `lengths` and `potential`
            refuse them.
        dtype: "float64" or "float32".
        device: Device of the tensor engine.
        kernels: Kernels of the tensor engine; "auto" decides by the number of games that are played together.

    Raises:
        ConfigurationError: A value is out of range.
        DataError: The environment cannot be used.
    """

    environment: Environment
    hidden: tuple[int, ...] = (32,)
    activation: str = "relu"
    connectivity: str | Wiring = "dense"
    init: str = "auto"
    optimizer: Optimizer = field(default_factory=Momentum)
    learning_rate: float = 0.02
    batch_size: int = 32
    rounds: int = 45
    measure: Measure = field(default_factory=Power)
    own_payoffs: tuple[GamePayoff, ...] = ()
    channels: tuple[ChannelAt, ...] = ()
    dtype: str = "float64"
    device: str = "cpu"
    kernels: str = "auto"

    def __post_init__(self) -> None:
        if not isinstance(self.environment, Environment):
            raise ConfigurationError(f"environment must be an Environment, got {self.environment!r}")
        check_samples(self.environment)
        object.__setattr__(self, "hidden", tuple(self.hidden))
        if not self.hidden:
            raise ConfigurationError("hidden must name at least one hidden layer, such as hidden=(32,), got ()")
        check_number("batch_size", self.batch_size, 1, whole=True)
        check_number("rounds", self.rounds, 1, whole=True)
        channels_by_location(self.channels, self.sizes)
        if len(set(self.kinds)) < len(self.kinds):
            raise ConfigurationError(f"own payoffs must have names of their own, got {', '.join(self.kinds)}")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return the number of neurons in each layer, inputs first."""
        return (self.environment.inputs, *self.hidden, self.environment.outputs)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the names of all payoffs: KINDS and those of the user's own."""
        return (*KINDS, *(payoff.name for payoff in self.own_payoffs))

    @property
    def per_epoch(self) -> int:
        """Return the number of rounds in one epoch."""
        return -(-len(self.environment.train) // self.batch_size)

    def with_rounds(self, rounds: int) -> GameSetup:
        """Return the same settings with another length of the game."""
        return replace(self, rounds=rounds)

    @cached_property
    def probe_samples(self) -> Samples:
        """Return at most PROBE_SIZE training samples at even distances."""
        count = len(self.environment.train)
        return self.environment.train.at(np.unique(np.linspace(0, count - 1, min(PROBE_SIZE, count)).astype(np.int64)))

    @property
    def probe_inputs(self) -> NDArray[Any]:
        """Return the inputs of the probe batch, (B, I)."""
        return np.asarray(self.probe_samples.inputs)

    def network(self, seed: int) -> Network:
        """Return a fresh network initialised from a seed."""
        return build_network(
            self.sizes,
            connectivity=self.connectivity,
            activation=self.activation,
            init=self.init,
            seed=seed,
            layout="dense",
        )


@dataclass(frozen=True, eq=False)
class InitialState:
    """State in which a game begins.

    Attributes:
        network: Structure and first weights.
        seed: Seed of the network, which also draws the members of groups of a population given by shares.
        state: Engine state; None for a fresh network.
        layers: Policies by which the state was reached; None for a fresh network.
    """

    network: Network
    seed: int
    state: State | None = None
    layers: Layers | None = None

    @property
    def round(self) -> int:
        """Return the number of rounds played before the game begins."""
        return 0 if self.state is None else self.state.round
