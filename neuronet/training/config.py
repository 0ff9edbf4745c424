"""Configuration of a run: every option, checked and parsed once."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from neuronet.core import (
    INITIALISATIONS,
    Access,
    ConfigurationError,
    Dense,
    Momentum,
    NeuroNetError,
    Shares,
    Synchronous,
    check_import,
    find_name,
    named_path,
    parse_json,
    parse_toml,
    reading_record,
    record_access,
    shortened,
    shown,
    unknown_name_error,
)
from neuronet.policies import AttentionSeeking
from neuronet.registry import URI_SCHEMES, with_absolute_path
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

MAX_OPTIONS_BYTES = 10_000_000
"""Bytes of a file of options, at most."""

DATA_OPTIONS = ("target", "payoff", "data_dir", "missing", "unseen")
"""Fields of RunConfig that say how an environment is made of a file, a frame or arrays."""


class RunConfig(BaseModel):
    """Everything that determines a run; the same configuration gives the same run.

    The fields hold objects: a spec such as "momentum(0.9)" is parsed when the configuration is made, and written again when it is
    stored. RUN_OPTIONS says what each option means.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    environment: str
    target: str | None = None
    payoff: Literal["auto", "cross-entropy", "balanced-cross-entropy", "squared-error"] = "auto"
    data_dir: str | None = None
    missing: Literal["refuse", "mean", "median", "drop"] = "refuse"
    unseen: Literal["refuse", "zeros"] = "refuse"
    policy: PopulationField = Shares(((AttentionSeeking(), 1.0),))
    engine: Literal["auto", "agents", "tensors"] = "auto"
    hidden: tuple[Count, ...] = (64,)
    activation: ActivationName = "relu"
    connectivity: WiringField = Dense()
    init: str = "auto"
    epochs: Count = 20
    batch_size: Count = 32
    learning_rate: PositiveFloat = 0.02
    lr_schedule: Literal["constant", "linear", "cosine"] = "linear"
    optimizer: OptimizerField = Momentum()
    seed: Seed = 0
    replicas: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 1
    channels: Channels = ()
    update_schedule: UpdateScheduleField = Synchronous()
    device: str = "auto"
    dtype: Literal["auto", "float64", "float32"] = "auto"
    matmul: Literal["highest", "high", "medium"] = "highest"
    kernels: Literal["auto", "compiled", "torch", "onednn"] = "auto"
    patience: Count | None = None
    monitor: Literal["test_loss", "test_accuracy", "train_loss", "train_accuracy"] = "test_loss"
    checkpoint_every: Count = 1
    alignment: Annotated[bool, Field(strict=True)] = False
    inequality: Annotated[bool, Field(strict=True)] = False
    interventions: Interventions = ()
    trace: Traces = ()

    @field_validator("init")
    @classmethod
    def _check_init(cls, name: str) -> str:
        if name != "auto" and name not in INITIALISATIONS:
            raise unknown_name_error("init", name, ["auto", *INITIALISATIONS])
        return name

    @property
    def data_options(self) -> dict[str, Any]:
        """Options that say how an environment is made of a file, a frame or arrays, as `parse_environment` takes them."""
        return {name: getattr(self, name) for name in DATA_OPTIONS}

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seed of each replica."""
        return tuple(range(self.seed, self.seed + self.replicas))

    def with_absolute_paths(self) -> RunConfig:
        """Return the same configuration with absolute paths, so that a run can be continued from any folder."""
        data_dir = None if self.data_dir is None else str(Path(self.data_dir).resolve())
        return self.model_copy(update={"environment": with_absolute_path(self.environment), "data_dir": data_dir})


def make_config(options: Mapping[str, Any], *, recorded: bool = False) -> RunConfig:
    """Return the configuration of a run from options by name.

    Args:
        options: Options; specs are parsed, objects are taken as they are.
        recorded: Whether the options are those of a recorded run; a policy that cannot be found is then accepted.

    Raises:
        ConfigurationError: An option is unknown, missing or out of range.
        SpecError: A spec cannot be parsed.
    """
    return validate_config(RunConfig, options, "say what to train on, such as 'digits'", recorded=recorded)


def read_config(path: str | Path) -> RunConfig:
    """Return the configuration in the config.json of a recorded run; it imports no module that the file names.

    Raises:
        ConfigurationError: The file is missing or broken, or an option is unknown or out of range.
        SpecError: A spec cannot be parsed.
    """
    with reading_record():
        return make_config(read_options(path), recorded=True)


def check_modules(options: Mapping[str, Any], make: Callable[[Mapping[str, Any]], BaseModel] | None = None) -> None:
    """Raise an error if recorded options name a module that is not imported yet.

    Args:
        options: Some options of a run, as they are recorded.
        make: Makes a configuration of another kind than RunConfig.

    Raises:
        SpecError: They name a module, in any option.
    """
    with record_access(Access.RESUME):
        (make or make_config)({**options, "environment": ""})
        environment = str(options.get("environment", ""))
        module, colon, _ = environment.partition(":")
        if colon and module not in {form.partition(":")[0] for form in URI_SCHEMES}:
            check_import("environment", environment, module)


Config = TypeVar("Config", bound=BaseModel)


def validate_config(model: type[Config], options: Mapping[str, Any], missing: str, *, recorded: bool = False) -> Config:
    """Return a configuration of any kind from options by name.

    Args:
        model: Class of the configuration.
        options: Options; numbers may be numpy's, in lists too, `hidden` may be a single number.
        missing: Advice for a required option that is missing.
        recorded: Whether the options are those of a recorded run; a policy that cannot be found is then accepted.

    Raises:
        ConfigurationError: An option is unknown, missing or out of range.
        SpecError: A spec cannot be parsed.
    """
    unknown = next((name for name in options if name not in model.model_fields), None)
    if unknown == "seeds" and "replicas" in model.model_fields:
        raise ConfigurationError(
            "unknown option 'seeds': several seeds are replicas from the first one, such as seed=0, replicas=5"
        )
    if unknown is not None:
        raise ConfigurationError(str(unknown_name_error("option", str(unknown), model.model_fields)))
    plain = {name: _plain(value) for name, value in options.items()}
    for name, value in plain.items():
        _check_text(name, value)
    if isinstance(plain.get("hidden"), int):
        plain["hidden"] = () if plain["hidden"] == 0 else (plain["hidden"],)
    for name, value in plain.items():
        plain[name] = _with_known_name(model, name, value)
    try:
        return model.model_validate(plain, context={"recorded": recorded})
    except ValidationError as error:
        raise _first_error(error, missing) from None


def _with_known_name(model: type[BaseModel], name: str, value: Any) -> Any:
    """Return the value as the option has it: one of its texts is meant whatever its capitals, hyphens and underscores."""
    texts = INITIALISATIONS if name == "init" else get_args(model.model_fields[name].annotation)
    known = find_name(value, [text for text in texts if isinstance(text, str)]) if isinstance(value, str) else None
    return value if known is None else known


def _plain(value: Any) -> Any:
    """Return a value of numpy, or a list with such values, as Python's own numbers."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    return type(value)(_plain(item) for item in value) if type(value) in (list, tuple) else value


def _check_text(name: str, value: Any) -> None:
    for text in value if isinstance(value, list | tuple) else [value]:
        if isinstance(text, str) and not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                shown = text.encode("utf-8", "backslashreplace").decode()
                raise ConfigurationError(
                    f"{name} must be text that UTF-8 can hold, got '{shortened(shown)}': rename it"
                ) from None


def _first_error(error: ValidationError, missing: str) -> NeuroNetError:
    first = error.errors(include_url=False)[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, NeuroNetError):
        return cause
    name = str(first["loc"][0])
    if first["type"] == "missing":
        return ConfigurationError(f"{name} is missing: {missing}")
    if name == "hidden" and first["type"] == "tuple_type":
        return ConfigurationError(f"hidden must be integers such as 64 or (256, 256), got {shortened(shown(first['input']))}")
    reason = first["msg"].removeprefix("Input ")
    return ConfigurationError(f"{name} {reason[:1].lower()}{reason[1:]}, got {shortened(shown(first['input']))}")


def read_options(path: str | Path) -> dict[str, Any]:
    """Return the options in a TOML file, or in the config.json of a run.

    Raises:
        ConfigurationError: The file is missing or broken.
    """
    file = named_path("path", path)
    try:
        text = _read_limited(file).decode("utf-8-sig")  # editors of Windows begin with a byte order mark
        options = parse_json(text) if file.suffix == ".json" else parse_toml(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise ConfigurationError(f"cannot read the configuration '{file}': {reason}") from None
    except ValueError as error:  # both parsers' errors are ValueErrors
        raise ConfigurationError(f"cannot read the configuration '{file}': {error}") from None
    if not isinstance(options, dict):
        raise ConfigurationError(f"the configuration '{file}' must hold options by name")
    return options


def _read_limited(file: Path) -> bytes:
    """Return the content of a regular file, or of a pipe that a shell has made, as in `--config <(command)`.

    Raises:
        ValueError: It is of another kind, which may wait or not end, or too large.
        OSError: It cannot be read.
    """
    mode = file.stat().st_mode
    is_substituted = stat.S_ISFIFO(mode) and file.parts[:2] == ("/", "dev")
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or is_substituted):
        raise ValueError("it is not a regular file")
    with file.open("rb") as stream:
        content = stream.read(MAX_OPTIONS_BYTES + 1)
    if len(content) > MAX_OPTIONS_BYTES:
        raise ValueError(f"it is larger than {MAX_OPTIONS_BYTES // 1_000_000} MB")
    return content
