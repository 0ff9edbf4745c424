"""The environment of a cell: loaded once in each process, and known again by its samples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from neuronet.core.environment import Environment
from neuronet.core.errors import NeuroNetError
from neuronet.training.assembly import digest_of_samples, world_of
from neuronet.training.config import RunConfig


@dataclass(frozen=True)
class Scene:
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


def scene_name(config: RunConfig) -> str:
    """A text for the environment of a configuration, the same for all cells that have the same one."""
    parts = {"target": config.target, "payoff": config.payoff, "data_dir": config.data_dir}
    given = [f"{name}={value}" for name, value in parts.items() if value not in (None, "auto")]
    return " ".join([config.environment, *given])


def scene_of(config: RunConfig) -> Scene:
    """Load an environment and look at it.

    Raises:
        NeuroNetError: Its samples are not there, or do not fit.
    """
    world = world_of(config)
    return Scene(digest_of_samples(world), len(world.train), world.inputs, world.outputs)


def world_on(scene: Scene, config: RunConfig) -> Environment:
    """The environment of a configuration, in this process; the last one is kept.

    Raises:
        NeuroNetError: Its samples are not those that the sweep saw where it was started.
    """
    return _loaded(scene, config.environment, config.target, config.payoff, config.data_dir)


@lru_cache(maxsize=1)
def _loaded(scene: Scene, environment: str, target: str | None, payoff: str, data_dir: str | None) -> Environment:
    options = {"environment": environment, "target": target, "payoff": payoff, "data_dir": data_dir}
    world = world_of(RunConfig.model_validate(options))
    if digest_of_samples(world) != scene.digest:
        raise NeuroNetError(f"the samples of '{environment}' are not the same here as where the sweep was started")
    return world
