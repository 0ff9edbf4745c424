"""What all games of a study have in common, and where a game begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.environment import Environment, Samples
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.learning.optimizers import Momentum, Optimizer
from neuronet.core.sample_checks import check_samples
from neuronet.core.structure.network import Network
from neuronet.core.structure.population import Layers
from neuronet.core.utility import Measure, Power
from neuronet.engines.base import State
from neuronet.registry import build_network

PROBE_SIZE = 256
"""Samples by which it is judged how much the neurons have to say."""


@dataclass(frozen=True, eq=False)
class GameSetup:
    """All of a game but who plays, where it begins, and its chance.

    Attributes:
        environment: Where samples come from.
        hidden: Neurons in each hidden layer, at least one layer.
        activation: Of the hidden layers.
        connectivity: Who listens to whom.
        init: Of fresh networks.
        optimizer: How intended changes become changes.
        learning_rate: eta, above 0; it stays the same.
        batch_size: Samples a round, 1 or more.
        rounds: How long a game lasts, 1 or more.
        measure: What attention is worth.
        dtype: "float64" or "float32".
        device: Where to compute.

    Raises:
        NeuroNetError: Something is out of range or does not fit.
    """

    environment: Environment
    hidden: tuple[int, ...] = (32,)
    activation: str = "relu"
    connectivity: str = "dense"
    init: str = "auto"
    optimizer: Optimizer = field(default_factory=Momentum)
    learning_rate: float = 0.02
    batch_size: int = 32
    rounds: int = 45
    measure: Measure = field(default_factory=Power)
    dtype: str = "float64"
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not isinstance(self.environment, Environment):
            raise NeuroNetError(f"environment must be an Environment, got {self.environment!r}")
        check_samples(self.environment)
        object.__setattr__(self, "hidden", tuple(self.hidden))
        if not self.hidden:
            raise NeuroNetError("a game of attention needs a hidden layer: give its neurons, such as hidden=(32,)")
        check_number("batch_size", self.batch_size, 1, whole=True)
        check_number("rounds", self.rounds, 1, whole=True)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons in each layer, inputs first."""
        return (self.environment.inputs, *self.hidden, self.environment.outputs)

    @property
    def per_epoch(self) -> int:
        """Rounds in which all training samples are played once."""
        return -(-len(self.environment.train) // self.batch_size)

    @cached_property
    def probe_samples(self) -> Samples:
        """Training samples at even distances: by them it is judged how much the neurons have to say."""
        count = len(self.environment.train)
        return self.environment.train.at(np.unique(np.linspace(0, count - 1, min(PROBE_SIZE, count)).astype(np.int64)))

    @property
    def probe_inputs(self) -> NDArray[Any]:
        """Their inputs, (B, I)."""
        return np.asarray(self.probe_samples.inputs)

    def network(self, seed: int) -> Network:
        """A fresh network."""
        return build_network(self.sizes, connectivity=self.connectivity, activation=self.activation, init=self.init, seed=seed)


@dataclass(frozen=True, eq=False)
class InitialState:
    """Where a game begins.

    Attributes:
        network: Who listens to whom, and the first weights.
        seed: Decides who is in which group, where a population leaves that to chance.
        state: Where things stand; None for a fresh network.
        layers: Who followed which policy until then; None for a fresh network.
    """

    network: Network
    seed: int
    state: State | None = None
    layers: Layers | None = None

    @property
    def round(self) -> int:
        """How many rounds were played before."""
        return 0 if self.state is None else self.state.round
