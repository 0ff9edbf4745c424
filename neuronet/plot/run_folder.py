"""What a run's folder has for pictures: its network and its world, put together again without playing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from neuronet.engines.engine import State
from neuronet.environment import Environment
from neuronet.errors import NeuroNetError, check_number
from neuronet.network import Bools, Network, build_network
from neuronet.payoff import CrossEntropy, SquaredError, payoff_named
from neuronet.policy import Policy
from neuronet.run.game import world_of
from neuronet.run.record import CHECKPOINT, Record
from neuronet.run.society import population_from, short_text

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class RunFolder:
    """A run, as its folder tells of it.

    Attributes:
        record: The folder.
        replica: Which of its replicas is looked at.
        say: Called with a sentence where something could not be had and a picture shows less for it.
    """

    record: Record
    replica: int
    say: Say

    def __post_init__(self) -> None:
        check_number("replica", self.replica, 0, self.record.config.replicas - 1, whole=True)

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.record.folder

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """A line for each epoch and replica."""
        return self.record.metrics()

    @cached_property
    def alignment(self) -> pd.DataFrame:
        """A line for each epoch, replica, layer and group; empty where it was not measured."""
        return self.record.alignment()

    @cached_property
    def state(self) -> State:
        """Where the replica's game stood at the last checkpoint.

        Raises:
            NeuroNetError: There is none.
        """
        checkpoint = self.record.load()
        if checkpoint is None:
            raise NeuroNetError(f"the run in '{self.folder}' has no {CHECKPOINT} yet: let it play an epoch")
        return checkpoint.state if self.record.config.replicas == 1 else checkpoint.state.replica(self.replica)

    @cached_property
    def network(self) -> Network:
        """The network at the last checkpoint."""
        return self.state.network(self.first_network)

    @cached_property
    def first_network(self) -> Network:
        """The network that the run began with."""
        given = self.record.load_network()
        if given is not None:
            return given
        config = self.record.config
        return build_network(
            sizes_of(self.state),
            wiring=config.wiring,
            activation=config.activation,
            initialisation=config.initialisation,
            seed=config.seeds[self.replica],
        )

    @cached_property
    def policies(self) -> tuple[tuple[str, ...], ...]:
        """For each listening layer the name of each neuron's policy; empty where they have no names to be found by."""
        config = self.record.config
        try:
            layers = population_from(config.policy).groups(self.first_network, config.seeds[self.replica])
        except NeuroNetError as error:
            self.say(f"All neurons are drawn alike: {error}.")
            return ()
        found = []
        for size, layer in zip(self.first_network.sizes[1:], layers, strict=True):
            names = [short_text(layer)] * size if isinstance(layer, Policy) else [""] * size
            for group in () if isinstance(layer, Policy) else layer:
                for member in group.members:
                    names[member] = short_text(group.policy)
            found.append(tuple(names))
        return tuple(found)

    @cached_property
    def world(self) -> Environment | None:
        """The run's environment; None where it is not to be had."""
        try:
            return world_of(self.record.config)
        except NeuroNetError as error:
            self.say(f"The inputs are drawn as plain numbers, since the run's environment is not to be had: {error}.")
            return None

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of an input; None where it is not known, or does not fit the network."""
        return None if self.world is None or self.world.inputs != self.network.sizes[0] else self.world.shape

    @property
    def varies(self) -> Bools | None:
        """(I,), False for inputs that are the same in all training samples; None where that is not known."""
        if self.shape is None or self.world is None:
            return None
        inputs = self.world.train.inputs
        return np.asarray((inputs != inputs[:1]).any(axis=0))

    @property
    def loss_unit(self) -> str:
        """What the loss is counted in."""
        config = self.record.config
        if config.payoff != "auto":
            return payoff_named(config.payoff).unit
        if ":" in config.environment and self.world is not None:  # it may have a payoff of its own
            return self.world.payoff.unit
        return CrossEntropy.unit if self.metrics["test_accuracy"].notna().any() else SquaredError.unit


def sizes_of(state: State) -> list[int]:
    """Neurons in each layer, the inputs first."""
    sizes = [int(state.arrays["1.weights"].shape[1])]
    while f"{len(sizes)}.weights" in state.arrays:
        sizes.append(int(state.arrays[f"{len(sizes)}.weights"].shape[0]))
    return sizes
