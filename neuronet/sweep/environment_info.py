"""Environment of a cell: loaded once in each process, and identified by a hash of its samples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from neuronet.core import DataError, Environment
from neuronet.training import RunConfig, hash_samples, resolve_environment


@dataclass(frozen=True)
class EnvironmentInfo:
    """Fingerprint and sizes of an environment.

    Attributes:
        digest: Hash of its samples.
        samples: Number of training samples.
        inputs: Number of inputs of a sample.
        outputs: Number of output neurons.
        notes: What was decided about the samples by default, such as the column of targets.
    """

    digest: str
    samples: int
    inputs: int
    outputs: int
    notes: tuple[str, ...] = field(default=(), compare=False)


def environment_key(config: RunConfig) -> str:
    """Return a text that is equal for all cells with the same environment."""
    given = [f"{name}={value}" for name, value in config.data_options.items() if value not in (None, "auto", "refuse")]
    return " ".join([config.environment, *given])


def inspect_environments(configs: Iterable[RunConfig]) -> dict[str, EnvironmentInfo]:
    """Load every environment, and return its fingerprint and sizes by its `environment_key`.

    Raises:
        DataError: Samples cannot be loaded.
    """
    found: dict[str, EnvironmentInfo] = {}
    for config in configs:
        name = environment_key(config)
        if name not in found:
            found[name] = inspect_environment(config)
    return found


def inspect_environment(config: RunConfig) -> EnvironmentInfo:
    """Load an environment, and return its fingerprint and sizes.

    Raises:
        DataError: Its samples cannot be loaded.
    """
    loaded = resolve_environment(config)
    return EnvironmentInfo(hash_samples(loaded), len(loaded.train), loaded.inputs, loaded.outputs, tuple(loaded.notes))


def load_environment(environment_info: EnvironmentInfo, config: RunConfig) -> Environment:
    """Return the environment of a configuration; the last one is cached.

    Raises:
        DataError: Its samples differ from those where the sweep was started.
    """
    return _loaded(environment_info, config.environment, *config.data_options.items())


@lru_cache(maxsize=1)
def _loaded(environment_info: EnvironmentInfo, environment: str, *options: tuple[str, Any]) -> Environment:
    loaded = resolve_environment(RunConfig.model_validate({"environment": environment, **dict(options)}))
    if hash_samples(loaded) != environment_info.digest:
        raise DataError(f"the samples of '{environment}' differ from those where the sweep was started")
    return loaded
