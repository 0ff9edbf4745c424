"""Configuration of a run in a Gymnasium environment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, field_validator, model_validator

from neuronet.core import Adam, ConfigurationError, Dense, Shares, check_number, reading_record
from neuronet.policies import AttentionSeeking
from neuronet.training import (
    ActivationName,
    Count,
    OptimizerField,
    PopulationField,
    PositiveFloat,
    Seed,
    WiringField,
    read_options,
    validate_config,
)


class ControlConfig(BaseModel):
    """Everything that determines a run; the same configuration gives the same run. CONTROL_OPTIONS says what each option means.

    Attributes:
        normalise: Whether the advantages of a round are divided by their root mean square.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    environment: str
    policy: PopulationField = Shares(((AttentionSeeking(), 1.0),))
    engine: Literal["agents", "tensors"] = "tensors"
    device: str = "cpu"
    dtype: Literal["float64", "float32"] = "float64"
    hidden: tuple[Count, ...] = (64,)
    activation: ActivationName = "tanh"
    connectivity: WiringField = Dense()
    rounds: Count = 200
    episodes: Count = 16
    max_steps: Count = 10_000
    learning_rate: PositiveFloat = 0.01
    optimizer: OptimizerField = Adam()
    gamma: Annotated[FiniteFloat, Field(ge=0, le=1, strict=True)] = 0.99
    baseline: Literal["step", "batch", "none"] = "step"
    normalise: bool = True
    action_std: PositiveFloat = 0.5
    target_return: FiniteFloat | Literal["auto", "never"] = "auto"
    eval_episodes: Count = 100
    seed: Seed = 0
    checkpoint_every: Count = 5

    @field_validator("target_return", mode="before")
    @classmethod
    def _check_target_return(cls, value: object) -> object:
        if value not in ("auto", "never"):
            try:
                check_number("target_return", value, -math.inf)
            except ConfigurationError:
                raise ConfigurationError(f"target_return must be a finite number, auto or never, got {value!r}") from None
        return value

    @model_validator(mode="after")
    def _check_combination(self) -> ControlConfig:
        if self.episodes == 1 and self.baseline == "step":
            raise ConfigurationError("baseline 'step' needs episodes >= 2: with one episode the advantage is always 0")
        if self.engine == "agents" and self.device not in ("auto", "cpu"):
            raise ConfigurationError(f"the agent engine computes on the cpu, not on '{self.device}': use engine tensors")
        return self


def read_config(path: str | Path) -> ControlConfig:
    """Return the configuration in the config.json of a recorded run; it imports no module that the file names.

    Raises:
        ConfigurationError: The file is missing or broken, or an option is unknown or out of range.
        SpecError: A spec cannot be parsed.
    """
    with reading_record():
        return make_config(read_options(path), recorded=True)


def make_config(options: Mapping[str, Any], *, recorded: bool = False) -> ControlConfig:
    """Return a configuration from options by name; arguments and errors as for `neuronet.training.config.make_config`."""
    return validate_config(ControlConfig, options, "say where to act, such as 'CartPole-v1'", recorded=recorded)
