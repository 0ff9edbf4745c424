"""Configuration of a run in a Gymnasium environment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, field_validator, model_validator

from neuronet.core.errors import ConfigurationError
from neuronet.core.learning.optimizers import Adam
from neuronet.core.structure.network import Dense
from neuronet.core.structure.population import Shares
from neuronet.policies import AttentionSeeking
from neuronet.training.config import COMPUTE, DATA, NETWORK, OUTPUT, TRAINING, option, read_options, validate_config
from neuronet.training.fields import ActivationName, Count, OptimizerField, PopulationField, PositiveFloat, Seed, WiringField


class ControlConfig(BaseModel):
    """Everything that determines a run; the same configuration gives the same run. The fields are as those of RunConfig."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    environment: Annotated[str, Field(description="Gymnasium id, such as CartPole-v1 or module:Name-v0")]
    policy: PopulationField = option(
        Shares(((AttentionSeeking(), 1.0),)),
        NETWORK,
        'Policy of the neurons: attention, "greedy(top=3)", module:Class, or shares such as attention:0.9,free-rider:0.1; '
        "repeated, one for each listening layer, outputs last",
    )
    engine: Literal["agents", "tensors"] = option("tensors", COMPUTE, "Engine that plays the rounds")
    device: str = option("cpu", COMPUTE, "Device of the tensor engine: auto, cpu, cuda, cuda:N or mps")
    dtype: Literal["float64", "float32"] = option("float64", COMPUTE, "Precision of the engine")
    hidden: tuple[Count, ...] = option((64,), NETWORK, "Neurons in each hidden layer: 64, 256,256 or none")
    activation: ActivationName = option(
        "tanh", NETWORK, "Activation of the hidden layers: relu, leaky-relu, tanh, sigmoid, gelu or identity"
    )
    connectivity: WiringField = option(
        Dense(), NETWORK, 'Connections between layers: dense, "sparse(0.1)" or "small-world(neighbours=8, rewire=0.1)"'
    )
    rounds: Count = option(200, TRAINING, "Maximal number of rounds (>= 1)")
    episodes: Count = option(16, TRAINING, "Episodes in a round, played side by side (>= 1)")
    max_steps: Count = option(10_000, TRAINING, "Steps after which an episode is cut off (>= 1)")
    learning_rate: PositiveFloat = option(0.01, TRAINING, "Learning rate (> 0)")
    optimizer: OptimizerField = option(Adam(), TRAINING, 'Optimizer: sgd, "momentum(0.9)" or adam')
    gamma: Annotated[FiniteFloat, Field(ge=0, le=1, strict=True)] = option(0.99, TRAINING, "Discount of later rewards (0 to 1)")
    baseline: Literal["step", "batch", "none"] = option(
        "step", TRAINING, "Baseline of the returns: the mean over episodes at the same step, over all steps of the batch, or none"
    )
    normalise: bool = option(True, TRAINING, "Divide the advantages of a round by their root mean square")
    action_std: PositiveFloat = option(0.5, TRAINING, "Standard deviation of continuous actions, in units of outputs (> 0)")
    target_return: FiniteFloat | Literal["auto", "never"] = option(
        "auto", TRAINING, "Mean return of the last 100 episodes at which to stop; auto takes the environment's threshold"
    )
    eval_episodes: Count = option(100, DATA, "Episodes of the evaluation at the end, with the most likely actions (>= 1)")
    seed: Seed = option(0, TRAINING, "Random seed (>= 0)")
    checkpoint_every: Count = option(5, OUTPUT, "Rounds between two checkpoints (>= 1)")

    @field_validator("target_return", mode="before")
    @classmethod
    def _check_target_return(cls, value: object) -> object:
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if not number and value not in ("auto", "never"):
            raise ConfigurationError(f"target_return must be a finite number, auto or never, got {value!r}")
        return value

    @model_validator(mode="after")
    def _check_combination(self) -> ControlConfig:
        if self.episodes == 1 and self.baseline == "step":
            raise ConfigurationError("baseline 'step' needs episodes >= 2: with one episode the advantage is always 0")
        if self.engine == "agents" and self.device not in ("auto", "cpu"):
            raise ConfigurationError(f"the agent engine computes on the cpu, not on '{self.device}': use engine tensors")
        return self


def read_config(path: str | Path) -> ControlConfig:
    """Return the configuration in the config.json of a recorded run.

    Raises:
        ConfigurationError: The file is missing or broken, or an option is unknown or out of range.
        SpecError: A spec cannot be parsed.
    """
    return make_config(read_options(path), recorded=True)


def make_config(options: Mapping[str, Any], *, recorded: bool = False) -> ControlConfig:
    """Return a configuration from options by name; arguments and errors as for `neuronet.training.config.make_config`."""
    return validate_config(ControlConfig, options, "say where to act, such as 'CartPole-v1'", recorded=recorded)
