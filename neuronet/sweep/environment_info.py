"""The environment of a cell: loaded once in each process, and known again by its samples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from neuronet.core.environment import Environment
from neuronet.core.errors import NeuroNetError
from neuronet.training.assembly import hash_samples, resolve_environment
from neuronet.training.config import RunConfig


@dataclass(frozen=True)
class EnvironmentInfo:
    """What a sweep must know of an environment before it is played.

    Attributes:
        digest: A text that tells its samples from any others.
        samples: How many training samples it has.
        inputs: Numbers in a sample.
        outputs: Output neurons.
    """

    digest: str
    samples: int
    inputs: int
    outputs: int


def environment_key(config: RunConfig) -> str:
    """A text for the environment of a configuration, the same for all cells that have the same one."""
    parts = {"target": config.target, "payoff": config.payoff, "data_dir": config.data_dir}
    given = [f"{name}={value}" for name, value in parts.items() if value not in (None, "auto")]
    return " ".join([config.environment, *given])


def inspect_environment(config: RunConfig) -> EnvironmentInfo:
    """Load an environment and look at it.

    Raises:
        NeuroNetError: Its samples are not there, or do not fit.
    """
    loaded = resolve_environment(config)
    return EnvironmentInfo(hash_samples(loaded), len(loaded.train), loaded.inputs, loaded.outputs)


def load_environment(environment_info: EnvironmentInfo, config: RunConfig) -> Environment:
    """The environment of a configuration, in this process; the last one is kept.

    Raises:
        NeuroNetError: Its samples are not those that the sweep saw where it was started.
    """
    return _loaded(environment_info, config.environment, config.target, config.payoff, config.data_dir)


@lru_cache(maxsize=1)
def _loaded(
    environment_info: EnvironmentInfo, environment: str, target: str | None, payoff: str, data_dir: str | None
) -> Environment:
    options = {"environment": environment, "target": target, "payoff": payoff, "data_dir": data_dir}
    loaded = resolve_environment(RunConfig.model_validate(options))
    if hash_samples(loaded) != environment_info.digest:
        raise NeuroNetError(f"the samples of '{environment}' are not the same here as where the sweep was started")
    return loaded
