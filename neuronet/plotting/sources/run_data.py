"""Data of a recorded run: networks, policies and environment, restored without playing a round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from neuronet.core import (
    Bools,
    CrossEntropy,
    DataError,
    Environment,
    Network,
    NeuroNetError,
    SquaredError,
    check_number,
    parse_payoff,
)
from neuronet.engines.base import Setup, State
from neuronet.interventions import InterventionSchedule
from neuronet.recording import CHECKPOINT, METRICS, Checkpoint, RunDirectory
from neuronet.registry import build_network
from neuronet.training import RunConfig, policy_names, resolve_environment, silent_positions

Log = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class RunData:
    """Recorded run.

    Attributes:
        run_directory: Folder of the run.
        replica: Replica that is drawn, from 0.
        log: Called with a sentence where data are missing and a figure shows less.
    """

    run_directory: RunDirectory[RunConfig]
    replica: int
    log: Log

    def __post_init__(self) -> None:
        check_number("replica", self.replica, 0, self.run_directory.config.replicas - 1, whole=True)

    @property
    def folder(self) -> Path:
        """Folder of the run."""
        return self.run_directory.folder

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """Metrics, a row per epoch and replica."""
        return self.run_directory.table(METRICS)

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
        given = self.run_directory.load_network()
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
            seed=config.seeds[self.replica],
            layout="dense",  # a run of a sparse network keeps it in its folder
        )

    @cached_property
    def initial_setup(self) -> Setup:
        """Setup at the start of the run.

        Raises:
            SpecError: A policy cannot be found by its name.
        """
        config, network = self.run_directory.config, self.initial_network
        groups = config.policy.groups(network, config.seeds[self.replica])
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

    @property
    def silent(self) -> tuple[frozenset[int], ...]:
        """Positions of silent neurons for each layer, the inputs first; empty without interventions."""
        return () if self.checkpoint.intervention_log is None else silent_positions(self.setup)

    @cached_property
    def events(self) -> tuple[tuple[int, str], ...]:
        """Interventions until the last checkpoint: after how many rounds, and what."""
        intervention_log = self.checkpoint.intervention_log
        rows = [] if intervention_log is None else intervention_log.rows()
        return tuple((int(row["round"]), str(row["what"])) for row in rows if row["replica"] == self.replica)

    @cached_property
    def policies(self) -> tuple[tuple[str, ...], ...]:
        """Name of each neuron's policy for each listening layer; empty where a policy cannot be found by its name."""
        try:
            return policy_names(self.setup)
        except NeuroNetError as error:
            self.log(f"The figure does not show policies: {error}.")
            return ()

    @cached_property
    def environment(self) -> Environment | None:
        """Environment of the run; None where it is not available."""
        try:
            return resolve_environment(self.run_directory.config)
        except NeuroNetError as error:
            self.log(f"The inputs are drawn without their shape, since the environment of the run is not available: {error}.")
            return None

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of an input; None where it is unknown or does not fit the network."""
        return None if self.environment is None or self.environment.inputs != self.network.sizes[0] else self.environment.shape

    @property
    def varying_inputs(self) -> Bools | None:
        """(I,), False for inputs that are constant over the training samples; None where that is unknown."""
        if self.shape is None or self.environment is None:
            return None
        inputs = self.environment.train.inputs
        return np.asarray((inputs != inputs[:1]).any(axis=0))

    @property
    def loss_unit(self) -> str:
        """Unit of the loss."""
        config = self.run_directory.config
        if config.payoff != "auto":
            return parse_payoff(config.payoff).unit
        if ":" in config.environment and self.environment is not None:  # it may define a payoff
            return self.environment.payoff.unit
        return CrossEntropy.unit if self.metrics["test_accuracy"].notna().any() else SquaredError.unit
