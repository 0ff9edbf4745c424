"""Settings of a continual-learning study."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, field_validator, model_validator

from neuronet.continual.evaluation import Experiment
from neuronet.continual.methods import Method
from neuronet.continual.protocols import PRESETS, Preset, Protocol
from neuronet.core import MAX_SEED, ConfigurationError, Environment, Optimizer, unknown_name_error
from neuronet.engines.tensors import resolve_device
from neuronet.registry import parse_optimizer

TUNING_SEED_OFFSET = 1_000_000
"""Difference between the first seed of the results and the first seed of tuning, so that the two never overlap."""

Count = Annotated[int, Field(ge=1, le=TUNING_SEED_OFFSET, strict=True)]


class ContinualConfig(BaseModel):
    """Settings that decide the results of a study: the same settings give the same results.

    Attributes:
        seeds: Number of seeds (>= 1), from `seed` on.
        seed: First random seed (>= 0).
        tune: Whether each method chooses its learning rate and parameters. Each tries the same number of configurations, with
            the same seeds, which are not those of the results, and is evaluated on a validation split: a sixth of the training
            samples.
        trials: Configurations that each method tries (>= 1), with `tune`: half of them spread evenly, half around the best.
        tuning_seeds: Seeds of each configuration (>= 1), with `tune`.
        max_range_extensions: Maximum number of times that the search goes on (>= 0), while the best configuration of any
            method is at the edge of what it tried; each time every method tries half as many configurations again.
        finalists: Best configurations of each method that run for `finalist_seeds` further seeds after the search (>= 0), with
            `tune`: the best of them over all seeds is chosen. 0 and 1 choose the best of the search.
        finalist_seeds: Further seeds of each finalist (>= 1), the same for all methods.
        optimizers: Specs of the optimizers that tuning chooses among for every method without one of its own; empty for the
            study's optimizer alone.
        preset: One of PRESETS: the length of a task, and the values of the options below that are None.
        iterations: Rounds a task (>= 0); 0 for one epoch.
        batch_size: Samples a round (>= 1).
        hidden: Neurons in each hidden layer.
        activation: Activation of the hidden layers.
        optimizer: Spec of the optimizer.
        learning_rate: Learning rate of all methods (> 0), without `tune`. None for the preset's or, if it has none, 0.1, times
            1 - momentum with momentum, and divided by 100 with Adam.
        late_lr_factor: Factor of the learning rate in the second half of each task (> 0).
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        dtype: "float32" or "float64".
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seeds: Count = 5
    seed: Annotated[int, Field(ge=0, le=MAX_SEED, strict=True)] = 0
    tune: bool = False
    trials: Count = 8
    tuning_seeds: Count = 2
    max_range_extensions: Annotated[int, Field(ge=0, strict=True)] = 3
    finalists: Annotated[int, Field(ge=0, strict=True)] = 0
    finalist_seeds: Count = 6
    optimizers: tuple[str, ...] = ()
    preset: str = "fast"
    iterations: Annotated[int, Field(ge=0, strict=True)] | None = None
    batch_size: Annotated[int, Field(ge=1, strict=True)] | None = None
    hidden: tuple[Annotated[int, Field(ge=1, strict=True)], ...] | None = None
    activation: str = "relu"
    optimizer: str | None = None
    learning_rate: Annotated[FiniteFloat, Field(gt=0, strict=True)] | None = None
    late_lr_factor: Annotated[FiniteFloat, Field(gt=0, strict=True)] | None = None
    device: str = "auto"
    dtype: Literal["float32", "float64"] = "float32"

    @field_validator("preset")
    @classmethod
    def _known_preset(cls, name: str) -> str:
        if name not in PRESETS:
            raise unknown_name_error("preset", name, PRESETS)
        return name

    @model_validator(mode="after")
    def _one_source_of_learning_rates(self) -> Self:
        if self.tune and self.learning_rate is not None:
            raise ConfigurationError("tune chooses the learning rate: leave learning_rate out, or tune")
        if self.optimizers and (not self.tune or self.optimizer is not None):
            raise ConfigurationError("optimizers are chosen by tune: leave out optimizers, or tune without optimizer")
        _ = self.tuned_optimizers  # checks the specs
        return self

    @property
    def tuned_optimizers(self) -> tuple[Optimizer, ...]:
        """Optimizers that tuning chooses among."""
        return tuple(map(parse_optimizer, self.optimizers)) or (self.settings.optimizer,)

    @cached_property
    def settings(self) -> Preset:
        """The preset with the options that are not None."""
        optimizer = None if self.optimizer is None else parse_optimizer(self.optimizer)
        return PRESETS[self.preset].with_overrides(self.iterations, self.batch_size, self.hidden, optimizer, self.late_lr_factor)

    def learning_rate_for(self, method: Method) -> float:
        """Return the learning rate of a method without `tune`; nan if it uses none."""
        if not method.uses_learning_rate:
            return math.nan
        return self.settings.learning_rate_for(method.own_optimizer) if self.learning_rate is None else self.learning_rate

    def experiment(self, protocol: Protocol, environment: Environment) -> Experiment:
        """Return the experiment with these settings.

        Raises:
            NeuroNetError: The environment does not fit the protocol, or a setting is not valid.
        """
        settings = self.settings
        experiment = Experiment(
            protocol,
            environment,
            settings.schedule,
            settings.hidden,
            self.activation,
            settings.optimizer,
            resolve_device(self.device),
            self.dtype,
        )
        experiment.check(self.seed)
        return experiment

    @property
    def final_seeds(self) -> range:
        """Seeds of the results."""
        return range(self.seed, self.seed + self.seeds)

    @property
    def search_seeds(self) -> range:
        """Seeds of tuning."""
        first = self.seed + TUNING_SEED_OFFSET
        return range(first, first + self.tuning_seeds)

    @property
    def further_seeds(self) -> range:
        """Seeds of the finalists, after those of tuning."""
        return range(self.search_seeds.stop, self.search_seeds.stop + self.finalist_seeds)
