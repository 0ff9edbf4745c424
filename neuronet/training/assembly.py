"""From a configuration to a game that can be played: environment, network, policies, engine, batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core.batches import Batches
from neuronet.core.environment import Environment, Samples, check_samples
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import rule_named
from neuronet.core.policy import Policy
from neuronet.core.structure.network import Network, build_network
from neuronet.core.structure.population import Population
from neuronet.engines.base.engine import Engine, Setup
from neuronet.execution import distributed
from neuronet.registry.population_spec import population_from
from neuronet.registry.registry import environment_named
from neuronet.training.config import RunConfig
from neuronet.training.engine_selection import Choice, choose


@dataclass(frozen=True)
class Game:
    """A run's parts, put together.

    Attributes:
        environment: Where samples come from.
        engine: Which plays.
        batches: Which samples are played when.
        choice: The engine, device and precision chosen.
        setups: The game of each replica as it begins.
    """

    environment: Environment
    engine: Engine
    batches: Batches
    choice: Choice
    setups: tuple[Setup, ...]

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """What the run depends on besides its configuration, as texts."""
        networks = [setup.network for setup in self.setups]
        numbers = [array for network in networks for array in (*network.weights, *network.biases, *network.masks)]
        return {
            "samples": digest_of_samples(self.environment),
            "policies": " | ".join(dict.fromkeys(_spelled(setup.policies) for setup in self.setups)),
            "first networks": _digest([array for array in numbers if array is not None]),
        }


def _spelled(layers: Any) -> str:
    """Who follows which policy, as a text: the members of groups by a digest."""
    return "; ".join(
        policy_spelled(each)
        if isinstance(each, Policy)
        else ", ".join(f"{policy_spelled(group.policy)}: {_digest([np.asarray(group.members)])}" for group in each)
        for each in layers
    )


def policy_spelled(policy: Policy) -> str:
    """A policy as a text that tells it from others."""
    return repr(policy) if is_dataclass(policy) else type(policy).__qualname__


def assemble(
    config: RunConfig,
    *,
    environment: Environment | None = None,
    population: Population | None = None,
    network: Network | None = None,
) -> Game:
    """Put a game together.

    Args:
        config: The choices.
        environment: Instead of the one that the configuration names.
        population: Instead of the one that the configuration names.
        network: A network to start from, instead of a fresh one.

    Raises:
        NeuroNetError: Parts do not fit.
    """
    world = world_of(config, environment)
    networks = networks_of(config, world, network)
    batches = Batches(len(world.train), config.batch_size, config.seeds)
    choice = choose(config, sum(networks[0].sizes[1:]), networks[0].connections, config.epochs * batches.per_epoch)
    society = population or population_from(config.policy)
    rule = rule_named(config.rule)
    setups = tuple(
        Setup(
            each,
            society.groups(each, seed),
            rule,
            config.learning_rate,
            world.payoff,
            seed,
            choice.dtype,
            channels=config.channels,
            turns=config.turns,
        )
        for each, seed in zip(networks, config.seeds, strict=True)
    )
    return Game(world, _engine(setups, choice, config.batch_size), batches, choice, setups)


def world_of(config: RunConfig, environment: Environment | None = None) -> Environment:
    """The environment that is given, or the one that the configuration names.

    Raises:
        NeuroNetError: There is none, or its samples do not fit.
    """
    world = environment or environment_named(
        config.environment, target=config.target, payoff=config.payoff, data_dir=config.data_dir
    )
    check_samples(world)
    return world


def digest_of_samples(world: Environment) -> str:
    """A text that tells the samples of an environment from any others."""
    return _digest([array for part in (world.train, world.test) for array in _arrays(part)])


def _arrays(samples: Samples) -> list[NDArray[Any]]:
    scaling = [] if samples.scaling is None else [samples.scaling.shift, samples.scaling.factor]
    return [samples.inputs, samples.targets, *scaling]


def _digest(arrays: Sequence[NDArray[Any]]) -> str:
    digest = sha256()
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def networks_of(config: RunConfig, world: Environment, network: Network | None = None) -> list[Network]:
    """The network that each replica begins with: a fresh one for each seed, or the one that is given.

    Raises:
        NeuroNetError: The network does not fit the environment.
    """
    if network is None:
        return [
            build_network(
                (world.inputs, *config.hidden, world.outputs),
                wiring=config.wiring,
                activation=config.activation,
                initialisation=config.initialisation,
                seed=seed,
            )
            for seed in config.seeds
        ]
    if (network.sizes[0], network.sizes[-1]) != (world.inputs, world.outputs):
        raise NeuroNetError(
            f"the network has {network.sizes[0]} inputs and {network.sizes[-1]} outputs, "
            f"the environment needs {world.inputs} and {world.outputs}"
        )
    return [network] * config.replicas


def _engine(setups: Sequence[Setup], choice: Choice, batch_size: int) -> Engine:
    if choice.engine == "agents":
        from neuronet.engines.agents import NeuronModel

        return NeuronModel(setups[0])
    if distributed.count() > 1:
        from neuronet.engines.tensors.data_parallel.engine import ParallelEngine

        return ParallelEngine(setups, device=choice.device, matmul=choice.matmul)
    from neuronet.engines.tensors import tensor_engine

    return tensor_engine(setups, batch_size, device=choice.device, matmul=choice.matmul)
