"""Data of a recorded run: networks, policies and environment, restored without playing a round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from neuronet.core import Bools, CrossEntropy, Environment, NeuroNetError, SquaredError, parse_payoff
from neuronet.recording import METRICS
from neuronet.training import RecordedRun, policy_names, resolve_environment, silent_positions

Log = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class RunData(RecordedRun):
    """Recorded run.

    Attributes:
        run_directory: Folder of the run.
        replica: Replica that is drawn, from 0.
        log: Called with a sentence where data are missing and a figure shows less.
    """

    log: Log

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """Metrics, a row per epoch and replica."""
        return self.run_directory.table(METRICS)

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
