"""The configuration of a run in a Gymnasium environment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, field_validator, model_validator

from neuronet.core.activation import parse_activation
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import parse_optimizer
from neuronet.core.random_streams import MAX_SEED
from neuronet.core.structure.network import parse_wiring
from neuronet.training.config import read_options, validate_config

Count = Annotated[int, Field(ge=1, strict=True)]


class ControlConfig(BaseModel):
    """Everything that decides how a run goes; the same configuration gives the same run.

    Attributes:
        environment: A Gymnasium id, such as "CartPole-v1" or "module:Name-v0".
        policy: A policy such as "greedy(top=3)", shares such as "attention:0.9,free-rider:0.1", or one such text for each
            listening layer.
        engine: "agents" or "tensors".
        device: Of the tensor engine: "cpu", "cuda", "cuda:N", "mps", or "auto" for the best there is.
        dtype: "float64" or "float32".
        hidden: Neurons in each hidden layer; empty for none.
        activation: Of the hidden layers.
        connectivity: "dense", "sparse(0.1)" or "small-world(neighbours=8, rewire=0.1)".
        rounds: How many rounds at most, 1 or more.
        episodes: Episodes a round, played side by side and learnt from together, 1 or more.
        max_steps: When an episode is cut off, if the environment does not end it before, 1 or more.
        learning_rate: eta, above 0.
        optimizer: "sgd", "momentum(0.9)" or "adam".
        gamma: Discount of later rewards, 0 to 1.
        baseline: What is taken for usual: the mean of the discounted rewards to come, over the episodes that were going on at the
            same "step", over all steps of the "batch", or "none".
        normalise: Whether a round's advantages are divided by their root mean square.
        action_std: Standard deviation of actions that are values, in units of outputs, above 0.
        target_return: The run ends early once the mean return of its last 100 episodes has come this far; "auto" for the
            threshold that the environment itself names, if it names one; "never".
        eval_episodes: Episodes, 1 or more, by which the network is judged at the end, always doing what is most likely.
        seed: Of the weights, the episodes, the actions and all other chance, 0 to 2**63 - 1.
        checkpoint_every: Rounds between two checkpoints, 1 or more.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    environment: str
    policy: str | tuple[str, ...] = "attention"
    engine: Literal["agents", "tensors"] = "tensors"
    device: str = "cpu"
    dtype: Literal["float64", "float32"] = "float64"
    hidden: tuple[Count, ...] = (64,)
    activation: str = "tanh"
    connectivity: str = "dense"
    rounds: Count = 200
    episodes: Count = 16
    max_steps: Count = 10_000
    learning_rate: Annotated[FiniteFloat, Field(gt=0, strict=True)] = 0.01
    optimizer: str = "adam"
    gamma: Annotated[FiniteFloat, Field(ge=0, le=1, strict=True)] = 0.99
    baseline: Literal["step", "batch", "none"] = "step"
    normalise: bool = True
    action_std: Annotated[FiniteFloat, Field(gt=0, strict=True)] = 0.5
    target_return: FiniteFloat | Literal["auto", "never"] = "auto"
    eval_episodes: Count = 100
    seed: Annotated[int, Field(ge=0, le=MAX_SEED, strict=True)] = 0
    checkpoint_every: Count = 5

    @field_validator("activation")
    @classmethod
    def _known_activation(cls, name: str) -> str:
        return parse_activation(name).name

    @field_validator("optimizer")
    @classmethod
    def _known_rule(cls, text: str) -> str:
        parse_optimizer(text)
        return text

    @field_validator("connectivity")
    @classmethod
    def _known_wiring(cls, text: str) -> str:
        parse_wiring(text)
        return text

    @field_validator("target_return", mode="before")
    @classmethod
    def _number_or_word(cls, value: object) -> object:
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if not number and value not in ("auto", "never"):
            raise NeuroNetError(f"target_return must be a finite number, auto or never, got {value!r}")
        return value

    @model_validator(mode="after")
    def _something_to_compare(self) -> ControlConfig:
        if self.episodes == 1 and self.baseline == "step":
            raise NeuroNetError("with baseline 'step' episodes must be 2 or more: one alone is always as good as usual")
        if self.engine == "agents" and self.device not in ("auto", "cpu"):
            raise NeuroNetError(f"the agent engine computes on the cpu, not on '{self.device}': use engine tensors")
        return self


def read_config(path: str | Path) -> ControlConfig:
    """Return the configuration in the config.json of a run.

    Raises:
        NeuroNetError: The file is missing or broken, or an option is unknown or wrong.
    """
    return make_config(read_options(path))


def make_config(options: Mapping[str, Any]) -> ControlConfig:
    """A configuration from options by name.

    Raises:
        NeuroNetError: An option is unknown or wrong; one sentence names it.
    """
    return validate_config(ControlConfig, options, "say where to act, such as 'CartPole-v1'")
