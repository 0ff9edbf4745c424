"""The configuration of a run: every choice, checked when it is made."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, field_validator

from neuronet.channels import as_channels
from neuronet.channels.placement import format_channel
from neuronet.core.activation import parse_activation
from neuronet.core.errors import NeuroNetError, unknown_name_error
from neuronet.core.learning.optimizers import parse_optimizer
from neuronet.core.learning.update_schedule import UPDATE_SCHEDULES, as_update_schedule
from neuronet.core.random_streams import MAX_SEED
from neuronet.core.structure.network import INITIALISATIONS, parse_wiring
from neuronet.recording.traces.spec import parse_trace
from neuronet.registry.spec import format_spec

Count = Annotated[int, Field(ge=1, strict=True)]


class RunConfig(BaseModel):
    """Everything that decides how a run goes; the same configuration gives the same run.

    Attributes:
        environment: A name, `table:PATH` or `module:Class`.
        target: The column or array of targets in a table; without, the one called target, label, class or y.
        payoff: "cross-entropy" or "squared-error" for a table; "auto" tells by its targets.
        data_dir: A folder in which to look for the environment's files first.
        policy: A policy such as "greedy(top=3)", shares such as "attention:0.9,free-rider:0.1", or one such text for each
            listening layer.
        engine: "agents", "tensors", or "auto" for the one that suits the size of the work.
        hidden: Neurons in each hidden layer; empty for none.
        activation: Of the hidden layers.
        connectivity: "dense", "sparse(0.1)" or "small-world(neighbours=8, rewire=0.1)".
        init: "he", "glorot", "lecun", "zeros", or "auto" for the usual one of the activation.
        epochs: How often all training samples are played, 1 or more.
        batch_size: Samples a round, 1 or more.
        learning_rate: eta, above 0.
        lr_schedule: How the learning rate goes down from epoch to epoch: "linear", "cosine" or "constant" (not at all).
        optimizer: "sgd", "momentum(0.9)" or "adam".
        seed: Of the weights, the order of the samples and all other chance, 0 to 2**63 - 1.
        replicas: How many runs to train at once, with the seeds seed, seed + 1, ...
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        dtype: "float64", "float32", or "auto" for the one that suits the size of the work.
        channels: What lies between the layers, in the order of passage: "demand:dropout(0.3)" above every hidden layer,
            "activity@1:k-winners(0.1)" above layer 1; a ChannelAt is spelled as its text.
        update_schedule: Who acts when: "synchronous", "random-sequential", "partial(0.5)" or "inactive(0.2)".
        matmul: How exactly the tensor engine multiplies matrices of float32: "highest", "high" (TF32) or "medium" (bfloat16),
            where the device has a quicker way for it; docs/devices.md has the errors.
        checkpoint_every: Epochs between two checkpoints, 1 or more.
        alignment: Whether to measure after each epoch how updates agree with those of error backpropagation.
        interventions: What happens to whom in mid-run: "5: lesion(layer=1, share=0.2)" after epoch 5, "round 120: revive()".
        trace: Which neurons are traced, how often and what of them: "hidden:16 every 10", "node 70,71 every 1 of attention".
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    environment: str
    target: str | None = None
    payoff: Literal["auto", "cross-entropy", "squared-error"] = "auto"
    data_dir: str | None = None
    policy: str | tuple[str, ...] = "attention"
    engine: Literal["auto", "agents", "tensors"] = "auto"
    hidden: tuple[Count, ...] = (64,)
    activation: str = "relu"
    connectivity: str = "dense"
    init: str = "auto"
    epochs: Count = 20
    batch_size: Count = 32
    learning_rate: Annotated[FiniteFloat, Field(gt=0, strict=True)] = 0.02
    lr_schedule: Literal["constant", "linear", "cosine"] = "linear"
    optimizer: str = "momentum"
    seed: Annotated[int, Field(ge=0, le=MAX_SEED, strict=True)] = 0
    replicas: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 1
    channels: tuple[str, ...] = ()
    update_schedule: str = "synchronous"
    device: str = "auto"
    dtype: Literal["auto", "float64", "float32"] = "auto"
    matmul: Literal["highest", "high", "medium"] = "highest"
    checkpoint_every: Count = 1
    alignment: Annotated[bool, Field(strict=True)] = False
    interventions: tuple[str, ...] = ()
    trace: tuple[str, ...] = ()

    @field_validator("activation")
    @classmethod
    def _known_activation(cls, name: str) -> str:
        return parse_activation(name).name

    @field_validator("init")
    @classmethod
    def _known_initialisation(cls, name: str) -> str:
        if name != "auto" and name not in INITIALISATIONS:
            raise unknown_name_error("init", name, ["auto", *INITIALISATIONS])
        return name

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

    @field_validator("interventions", "trace", mode="before")
    @classmethod
    def _as_tuple(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else given

    @field_validator("interventions")
    @classmethod
    def _readable_interventions(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        from neuronet.interventions.schedule import parse_scheduled_intervention

        for text in texts:
            parse_scheduled_intervention(text)
        return texts

    @field_validator("update_schedule", mode="before")
    @classmethod
    def _known_turns(cls, given: Any) -> str:
        return format_spec(as_update_schedule(given), UPDATE_SCHEDULES)

    @field_validator("trace")
    @classmethod
    def _readable_traces(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        for text in texts:
            parse_trace(text)
        return texts

    @field_validator("channels", mode="before")
    @classmethod
    def _known_channels(cls, given: Any) -> tuple[str, ...]:
        return tuple(format_channel(each) for each in as_channels(given))

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seed of each replica."""
        return tuple(range(self.seed, self.seed + self.replicas))


def make_config(options: Mapping[str, Any]) -> RunConfig:
    """A configuration from options by name.

    Raises:
        NeuroNetError: An option is unknown or wrong; one sentence names it.
    """
    return validate_config(RunConfig, options, "say what to train on, such as 'digits'")


def read_config(path: str | Path) -> RunConfig:
    """Return the configuration in a TOML file, or in the config.json of a run.

    Raises:
        NeuroNetError: The file is missing or broken, or an option is unknown or wrong.
    """
    return make_config(read_options(path))


Config = TypeVar("Config", bound=BaseModel)


def validate_config(model: type[Config], options: Mapping[str, Any], missing: str) -> Config:
    """A configuration of any kind from options by name.

    Args:
        model: Which kind.
        options: Numbers may be numpy's; `hidden` may be a single number.
        missing: What to say of an option that must be there and is not.

    Raises:
        NeuroNetError: An option is unknown or wrong; one sentence names it.
    """
    unknown_options = [name for name in options if name not in model.model_fields]
    if unknown_options:
        raise unknown_name_error("option", str(unknown_options[0]), model.model_fields)
    plain = {name: value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value for name, value in options.items()}
    if isinstance(plain.get("hidden"), int):
        plain["hidden"] = (plain["hidden"],)
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        raise NeuroNetError(_error_sentence(error, missing)) from None


def read_options(path: str | Path) -> dict[str, Any]:
    """The options in a TOML file, or in the config.json of a run.

    Raises:
        NeuroNetError: The file is missing or broken.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
        options = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise NeuroNetError(f"cannot read the configuration '{file}': {reason}") from None
    except ValueError as error:  # both parsers' errors are ValueErrors
        raise NeuroNetError(f"cannot read the configuration '{file}': {error}") from None
    if not isinstance(options, dict):
        raise NeuroNetError(f"the configuration '{file}' must hold options by name")
    return options


def _error_sentence(error: ValidationError, missing: str) -> str:
    first = error.errors(include_url=False)[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, NeuroNetError):
        return str(cause)
    name = str(first["loc"][0])
    if first["type"] == "missing":
        return f"{name} is missing: {missing}"
    reason = first["msg"].removeprefix("Input ")[:1].lower() + first["msg"].removeprefix("Input ")[1:]
    return f"{name} {reason}, got {first['input']!r}"
