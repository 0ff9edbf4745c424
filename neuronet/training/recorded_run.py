"""A recorded run, restored without playing a round: its networks, policies and state at the last checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from neuronet.core import DataError, Network, check_number
from neuronet.engines.base import Setup, State
from neuronet.interventions import InterventionSchedule
from neuronet.recording import CHECKPOINT, Checkpoint, RunDirectory
from neuronet.registry import build_network
from neuronet.training.config import RunConfig


@dataclass(frozen=True, eq=False)
class RecordedRun:
    """One replica of a recorded run.

    Attributes:
        run_directory: Folder of the run.
        replica: Replica, from 0.

    Raises:
        ConfigurationError: There is no such replica.
    """

    run_directory: RunDirectory[RunConfig]
    replica: int

    def __post_init__(self) -> None:
        check_number("replica", self.replica, 0, self.run_directory.config.replicas - 1, whole=True)

    @property
    def folder(self) -> Path:
        """Folder of the run."""
        return self.run_directory.folder

    @property
    def seed(self) -> int:
        """Seed of the replica."""
        return self.run_directory.config.seeds[self.replica]

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """Last checkpoint.

        Raises:
            DataError: There is none.
        """
        checkpoint = self.run_directory.load()
        if checkpoint is None:
            raise DataError(f"the run in '{self.folder}' has no {CHECKPOINT} yet: it is written after the first epoch")
        return checkpoint

    @cached_property
    def state(self) -> State:
        """State of the replica at the last checkpoint."""
        whole = self.checkpoint.state
        return whole if self.run_directory.config.replicas == 1 else whole.replica(self.replica)

    @property
    def network(self) -> Network:
        """Network at the last checkpoint."""
        if self.checkpoint.intervention_log is None:
            return self.state.network(self.initial_network)
        return self.setup.network

    @cached_property
    def initial_network(self) -> Network:
        """Initial network."""
        given = self.run_directory.load_network(self.replica)
        if given is not None:
            return given
        config = self.run_directory.config
        layers = self.checkpoint.state.layers  # interventions may have changed their number
        shown, outputs = layers[0].weights.shape[-1], layers[-1].weights.shape[-2]
        return build_network(
            (shown, *config.hidden, outputs),
            connectivity=config.connectivity,
            activation=config.activation,
            init=config.init,
            seed=self.seed,
            layout="dense",  # a run of a sparse network keeps it in its folder
        )

    @cached_property
    def initial_setup(self) -> Setup:
        """Setup at the start of the run.

        Raises:
            SpecError: A policy cannot be found by its name.
        """
        config, network = self.run_directory.config, self.initial_network
        groups = config.policy.groups(network, self.seed)
        return Setup(network, groups, config.optimizer, config.learning_rate)

    @cached_property
    def setup(self) -> Setup:
        """Setup at the last checkpoint, after interventions.

        Raises:
            SpecError: A policy cannot be found by its name.
            StateError: The structure that interventions made cannot be read.
        """
        intervention_log, config, first = self.checkpoint.intervention_log, self.run_directory.config, self.initial_setup
        if intervention_log is None:
            return first
        policies = InterventionSchedule.of(config.interventions, 1).policies([first])
        setups = intervention_log.structure.setups([first] * config.replicas, self.checkpoint.state, policies)
        return setups[self.replica]
