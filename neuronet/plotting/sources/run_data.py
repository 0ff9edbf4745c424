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
from neuronet.core.payoff import CrossEntropy, SquaredError, parse_payoff
from neuronet.core.structure.network import Bools, Network
from neuronet.engines.base import Setup, State
from neuronet.interventions.schedule import InterventionSchedule
from neuronet.recording import CHECKPOINT, Checkpoint, RunDirectory
from neuronet.registry import build_network
from neuronet.training.assembly import resolve_environment
from neuronet.training.config import RunConfig
from neuronet.training.network_labels import policy_names, silent_positions

Log = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class RunData:
    """A run, as its folder tells of it.

    Attributes:
        run_directory: The folder.
        replica: Which of its replicas is looked at.
        log: Called with a sentence where something could not be had and a picture shows less for it.
    """

    run_directory: RunDirectory[RunConfig]
    replica: int
    log: Log

    def __post_init__(self) -> None:
        check_number("replica", self.replica, 0, self.run_directory.config.replicas - 1, whole=True)

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.run_directory.folder

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """A line for each epoch and replica."""
        return self.run_directory.metrics()

    @cached_property
    def alignment(self) -> pd.DataFrame:
        """A line for each epoch, replica, layer and group; empty where it was not measured."""
        return self.run_directory.alignment()

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The last one.

        Raises:
            NeuroNetError: There is none.
        """
        found = self.run_directory.load()
        if found is None:
            raise NeuroNetError(f"the run in '{self.folder}' has no {CHECKPOINT} yet: let it play an epoch")
        return found

    @cached_property
    def state(self) -> State:
        """Where the replica's game stood then."""
        whole = self.checkpoint.state
        return whole if self.run_directory.config.replicas == 1 else whole.replica(self.replica)

    @property
    def network(self) -> Network:
        """The network as it was then."""
        if self.checkpoint.intervention_log is None:
            return self.state.network(self.initial_network)
        return self.setup.network

    @cached_property
    def initial_network(self) -> Network:
        """The network that the run began with."""
        given = self.run_directory.load_network()
        if given is not None:
            return given
        config = self.run_directory.config
        arrays = self.checkpoint.state.arrays
        depth = max(int(name.partition(".")[0]) for name in arrays)  # layers may have come and gone since
        shown, outputs = arrays["1.weights"].shape[-1], arrays[f"{depth}.weights"].shape[-2]
        return build_network(
            (shown, *config.hidden, outputs),
            connectivity=config.connectivity,
            activation=config.activation,
            init=config.init,
            seed=config.seeds[self.replica],
        )

    @cached_property
    def initial_setup(self) -> Setup:
        """Who followed which policy in the beginning.

        Raises:
            NeuroNetError: A policy has no name to be found by.
        """
        config, network = self.run_directory.config, self.initial_network
        groups = config.policy.groups(network, config.seeds[self.replica])
        return Setup(network, groups, config.optimizer, config.learning_rate)

    @cached_property
    def setup(self) -> Setup:
        """Who followed which policy at the last checkpoint, interventions included.

        Raises:
            NeuroNetError: A policy has no name to be found by, or what interventions made of the run cannot be read.
        """
        intervention_log, config, first = self.checkpoint.intervention_log, self.run_directory.config, self.initial_setup
        if intervention_log is None:
            return first
        policies = InterventionSchedule.of(config.interventions, 1).policies([first])
        setups = intervention_log.structure.setups([first] * config.replicas, self.checkpoint.state, policies)
        return setups[self.replica]

    @property
    def silent(self) -> tuple[frozenset[int], ...]:
        """For each layer, the inputs first, the places of those whom interventions have silenced; empty if nobody."""
        return () if self.checkpoint.intervention_log is None else silent_positions(self.setup)

    @cached_property
    def events(self) -> tuple[tuple[int, str], ...]:
        """What happened in mid-run until then: after how many rounds, and what."""
        intervention_log = self.checkpoint.intervention_log
        rows = [] if intervention_log is None else intervention_log.rows()
        return tuple((int(row["round"]), str(row["what"])) for row in rows if row["replica"] == self.replica)

    @cached_property
    def policies(self) -> tuple[tuple[str, ...], ...]:
        """For each listening layer the name of each neuron's policy; empty where they have no names to be found by."""
        try:
            return policy_names(self.setup)
        except NeuroNetError as error:
            self.log(f"All neurons are drawn alike: {error}.")
            return ()

    @cached_property
    def environment(self) -> Environment | None:
        """The run's environment; None where it is not to be had."""
        try:
            return resolve_environment(self.run_directory.config)
        except NeuroNetError as error:
            self.log(f"The inputs are drawn as plain numbers, since the run's environment is not to be had: {error}.")
            return None

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of an input; None where it is not known, or does not fit the network."""
        return None if self.environment is None or self.environment.inputs != self.network.sizes[0] else self.environment.shape

    @property
    def varying_inputs(self) -> Bools | None:
        """(I,), False for inputs that are the same in all training samples; None where that is not known."""
        if self.shape is None or self.environment is None:
            return None
        inputs = self.environment.train.inputs
        return np.asarray((inputs != inputs[:1]).any(axis=0))

    @property
    def loss_unit(self) -> str:
        """What the loss is counted in."""
        config = self.run_directory.config
        if config.payoff != "auto":
            return parse_payoff(config.payoff).unit
        if ":" in config.environment and self.environment is not None:  # it may have a payoff of its own
            return self.environment.payoff.unit
        return CrossEntropy.unit if self.metrics["test_accuracy"].notna().any() else SquaredError.unit
