"""What a run's folder has for pictures: its network and its world, put together again without playing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from neuronet.core.environment import Environment
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.learning.optimizers import rule_named
from neuronet.core.payoff import CrossEntropy, SquaredError, payoff_named
from neuronet.core.structure.network import Bools, Network, build_network
from neuronet.engines.base.engine import Setup, State
from neuronet.interventions.schedule import Plan
from neuronet.recording.network_structure import Structure
from neuronet.recording.run_directory import CHECKPOINT, Checkpoint, Record
from neuronet.registry.population_spec import population_from, short_text
from neuronet.training.assembly import world_of

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
    def checkpoint(self) -> Checkpoint:
        """The last one.

        Raises:
            NeuroNetError: There is none.
        """
        found = self.record.load()
        if found is None:
            raise NeuroNetError(f"the run in '{self.folder}' has no {CHECKPOINT} yet: let it play an epoch")
        return found

    @cached_property
    def state(self) -> State:
        """Where the replica's game stood then."""
        whole = self.checkpoint.state
        return whole if self.record.config.replicas == 1 else whole.replica(self.replica)

    @property
    def network(self) -> Network:
        """The network as it was then."""
        if self.checkpoint.happened is None:
            return self.state.network(self.first_network)
        return self.game.network

    @cached_property
    def first_network(self) -> Network:
        """The network that the run began with."""
        given = self.record.load_network()
        if given is not None:
            return given
        config = self.record.config
        arrays = self.checkpoint.state.arrays
        depth = max(int(name.partition(".")[0]) for name in arrays)  # layers may have come and gone since
        shown, outputs = arrays["1.weights"].shape[-1], arrays[f"{depth}.weights"].shape[-2]
        return build_network(
            (shown, *config.hidden, outputs),
            wiring=config.wiring,
            activation=config.activation,
            initialisation=config.initialisation,
            seed=config.seeds[self.replica],
        )

    @cached_property
    def first_game(self) -> Setup:
        """Who followed which policy in the beginning.

        Raises:
            NeuroNetError: A policy has no name to be found by.
        """
        config, network = self.record.config, self.first_network
        groups = population_from(config.policy).groups(network, config.seeds[self.replica])
        return Setup(network, groups, rule_named(config.rule), config.learning_rate)

    @cached_property
    def game(self) -> Setup:
        """Who followed which policy at the last checkpoint, interventions included.

        Raises:
            NeuroNetError: A policy has no name to be found by, or what interventions made of the run cannot be read.
        """
        happened, config, first = self.checkpoint.happened, self.record.config, self.first_game
        if happened is None:
            return first
        planned = [getattr(each.intervention, "policy", None) for _, each in Plan.of(config.interventions, 1).entries]
        groups = [group.policy for layer in range(1, len(first.network.sizes)) for group in first.groups(layer)]
        known = [*groups, *(policy for policy in planned if policy is not None)]
        games = Structure(happened.structure, happened.about).setups([first] * config.replicas, self.checkpoint.state, known)
        return games[self.replica]

    @property
    def silent(self) -> tuple[frozenset[int], ...]:
        """For each layer, the inputs first, the places of those whom interventions have silenced; empty if nobody."""
        if self.checkpoint.happened is None:
            return ()
        layers = range(len(self.network.sizes))
        return tuple(frozenset(np.flatnonzero(self.game.is_silent(layer)).tolist()) for layer in layers)

    @cached_property
    def events(self) -> tuple[tuple[int, str], ...]:
        """What happened in mid-run until then: after how many rounds, and what."""
        happened = self.checkpoint.happened
        rows = [] if happened is None else happened.rows()
        return tuple((int(row["round"]), str(row["what"])) for row in rows if row["replica"] == self.replica)

    @cached_property
    def policies(self) -> tuple[tuple[str, ...], ...]:
        """For each listening layer the name of each neuron's policy; empty where they have no names to be found by."""
        try:
            return policies_of(self.game)
        except NeuroNetError as error:
            self.say(f"All neurons are drawn alike: {error}.")
            return ()

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


def policies_of(game: Setup) -> tuple[tuple[str, ...], ...]:
    """For each listening layer the name of each neuron's policy."""
    found = []
    for layer, size in enumerate(game.network.sizes[1:], start=1):
        names = [""] * size
        for group in game.groups(layer):
            for member in group.members:
                names[member] = short_text(group.policy)
        found.append(tuple(names))
    return tuple(found)
