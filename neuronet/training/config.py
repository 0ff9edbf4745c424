"""Configuration of a run: every option, checked and parsed once."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from neuronet.core.errors import ConfigurationError, NeuroNetError, unknown_name_error
from neuronet.core.learning.optimizers import Momentum
from neuronet.core.learning.update_schedule import Synchronous
from neuronet.core.structure.network import INITIALISATIONS, Dense
from neuronet.core.structure.population import Shares
from neuronet.policies import AttentionSeeking
from neuronet.training.fields import (
    ActivationName,
    Channels,
    Count,
    Interventions,
    OptimizerField,
    PopulationField,
    PositiveFloat,
    Seed,
    Traces,
    UpdateScheduleField,
    WiringField,
)

NETWORK, TRAINING, DATA, COMPUTE, OUTPUT = "Network", "Training", "Data", "Computation", "Output"
"""Panels in which the command line groups options."""


def option(default: Any, panel: str, description: str) -> Any:
    """Return the field of an option: its default, its panel on the command line, and its help text."""
    return Field(default, description=description, json_schema_extra={"panel": panel})


class RunConfig(BaseModel):
    """Everything that determines a run; the same configuration gives the same run.

    The fields hold objects: a spec such as "momentum(0.9)" is parsed when the configuration is made, and written again when it is
    stored. Each field's description is its help text on the command line.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    environment: Annotated[str, Field(description="Environment: digits, fashion-mnist, table:PATH, module:Class, ...")]
    target: str | None = option(None, DATA, "Column or array of targets in a table; by default target, label, class or y")
    payoff: Literal["auto", "cross-entropy", "squared-error"] = option(
        "auto", DATA, "Payoff of a table; auto chooses by its targets"
    )
    data_dir: str | None = option(None, DATA, "Folder where the environment's files are looked for first")
    policy: PopulationField = option(
        Shares(((AttentionSeeking(), 1.0),)),
        NETWORK,
        'Policy of the neurons: attention, "greedy(top=3)", module:Class, or shares such as attention:0.9,free-rider:0.1; '
        "repeated, one for each listening layer, outputs last",
    )
    engine: Literal["auto", "agents", "tensors"] = option("auto", COMPUTE, "Engine; auto chooses by the size of the work")
    hidden: tuple[Count, ...] = option((64,), NETWORK, "Neurons in each hidden layer: 64, 256,256 or none")
    activation: ActivationName = option(
        "relu", NETWORK, "Activation of the hidden layers: relu, leaky-relu, tanh, sigmoid, gelu or identity"
    )
    connectivity: WiringField = option(
        Dense(), NETWORK, 'Connections between layers: dense, "sparse(0.1)" or "small-world(neighbours=8, rewire=0.1)"'
    )
    init: str = option("auto", NETWORK, "Initialisation of the weights: he, glorot, lecun, zeros, or auto for the activation's")
    epochs: Count = option(20, TRAINING, "Passes over the training samples (>= 1)")
    batch_size: Count = option(32, TRAINING, "Samples in a round (>= 1)")
    learning_rate: PositiveFloat = option(0.02, TRAINING, "Learning rate (> 0)")
    lr_schedule: Literal["constant", "linear", "cosine"] = option(
        "linear", TRAINING, "Schedule by which the learning rate falls over the epochs"
    )
    optimizer: OptimizerField = option(Momentum(), TRAINING, 'Optimizer: sgd, "momentum(0.9)" or adam')
    seed: Seed = option(0, TRAINING, "Random seed (>= 0)")
    replicas: Annotated[int, Field(ge=1, le=10_000, strict=True)] = option(
        1, TRAINING, "Networks trained together, with seeds from --seed on (1 to 10,000)"
    )
    channels: Channels = option(
        (),
        NETWORK,
        'Channel between layers, in the order of passage: "demand:dropout(0.3)" above every hidden layer, '
        '"activity@1:k-winners(0.1)" above layer 1; may be repeated',
    )
    update_schedule: UpdateScheduleField = option(
        Synchronous(),
        TRAINING,
        'Update schedule of the neurons: synchronous, random-sequential (engine agents), "partial(0.5)" or "inactive(0.2)"',
    )
    device: str = option("auto", COMPUTE, "Device of the tensor engine: auto, cpu, cuda, cuda:N or mps")
    dtype: Literal["auto", "float64", "float32"] = option("auto", COMPUTE, "Precision; auto chooses by the size of the work")
    matmul: Literal["highest", "high", "medium"] = option(
        "highest", COMPUTE, "Precision of float32 matrix products: highest, high (TF32) or medium (bfloat16)"
    )
    checkpoint_every: Count = option(1, OUTPUT, "Epochs between two checkpoints (>= 1)")
    alignment: Annotated[bool, Field(strict=True)] = option(
        False, OUTPUT, "Measure after each epoch how updates agree with backpropagation's"
    )
    interventions: Interventions = option(
        (),
        TRAINING,
        'Intervention at a time of the run: "5: lesion(layer=1, share=0.2)" after epoch 5, "round 9: ..."; may be repeated',
    )
    trace: Traces = option(
        (), OUTPUT, 'Neurons to trace: "hidden:16 every 10" or "node 70,71 every 1 of attention"; may be repeated'
    )

    @field_validator("init")
    @classmethod
    def _check_init(cls, name: str) -> str:
        if name != "auto" and name not in INITIALISATIONS:
            raise unknown_name_error("init", name, ["auto", *INITIALISATIONS])
        return name

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seed of each replica."""
        return tuple(range(self.seed, self.seed + self.replicas))


def make_config(options: Mapping[str, Any], *, recorded: bool = False) -> RunConfig:
    """Return the configuration of a run from options by name.

    Args:
        options: Options; specs are parsed, objects are taken as they are.
        recorded: Whether they are those of a recorded run, whose policies need not be found.

    Raises:
        ConfigurationError: An option is unknown, missing or out of range.
        SpecError: A spec cannot be parsed.
    """
    return validate_config(RunConfig, options, "say what to train on, such as 'digits'", recorded=recorded)


def read_config(path: str | Path) -> RunConfig:
    """Return the configuration in the config.json of a recorded run.

    Raises:
        ConfigurationError: The file is missing or broken, or an option is unknown or out of range.
        SpecError: A spec cannot be parsed.
    """
    return make_config(read_options(path), recorded=True)


Config = TypeVar("Config", bound=BaseModel)


def validate_config(model: type[Config], options: Mapping[str, Any], missing: str, *, recorded: bool = False) -> Config:
    """Return a configuration of any kind from options by name.

    Args:
        model: Class of the configuration.
        options: Options; numbers may be numpy's, `hidden` may be a single number.
        missing: Advice for a required option that is missing.
        recorded: Whether they are those of a recorded run, whose policies need not be found.

    Raises:
        ConfigurationError: An option is unknown, missing or out of range.
        SpecError: A spec cannot be parsed.
    """
    unknown = next((name for name in options if name not in model.model_fields), None)
    if unknown is not None:
        raise ConfigurationError(str(unknown_name_error("option", str(unknown), model.model_fields)))
    plain = {name: value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value for name, value in options.items()}
    if isinstance(plain.get("hidden"), int):
        plain["hidden"] = (plain["hidden"],)
    try:
        return model.model_validate(plain, context={"recorded": recorded})
    except ValidationError as error:
        raise _first_error(error, missing) from None


def _first_error(error: ValidationError, missing: str) -> NeuroNetError:
    first = error.errors(include_url=False)[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, NeuroNetError):
        return cause
    name = str(first["loc"][0])
    if first["type"] == "missing":
        return ConfigurationError(f"{name} is missing: {missing}")
    reason = first["msg"].removeprefix("Input ")
    return ConfigurationError(f"{name} {reason[:1].lower()}{reason[1:]}, got {first['input']!r}")


def read_options(path: str | Path) -> dict[str, Any]:
    """Return the options in a TOML file, or in the config.json of a run.

    Raises:
        ConfigurationError: The file is missing or broken.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
        options = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise ConfigurationError(f"cannot read the configuration '{file}': {reason}") from None
    except ValueError as error:  # both parsers' errors are ValueErrors
        raise ConfigurationError(f"cannot read the configuration '{file}': {error}") from None
    if not isinstance(options, dict):
        raise ConfigurationError(f"the configuration '{file}' must hold options by name")
    return options
