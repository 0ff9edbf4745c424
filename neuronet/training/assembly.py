"""Assembly of a run from its configuration: environment, networks, policies, engine, batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.core import (
    MAX_DENSE_ENTRIES,
    Batches,
    ConfigurationError,
    Environment,
    Network,
    Policy,
    Samples,
    check_samples,
    with_layout,
)
from neuronet.engines.base import Engine, Setup, State
from neuronet.interventions import policy_repr
from neuronet.registry import build_network, parse_environment
from neuronet.training.config import RunConfig
from neuronet.training.engine_selection import EngineChoice, select_engine


@dataclass(frozen=True)
class RunContext:
    """Parts of a run.

    Attributes:
        config: Configuration, with the engine, device and precision resolved and absolute paths.
        environment: Source of the samples.
        engine: Engine that plays the rounds.
        batches: Order of the samples.
        engine_choice: Engine, device and precision, and the reason for them.
        setups: Initial setup of each replica.
        offset: Number of rounds at which the first epoch would have begun, where the engine has played other samples before.
    """

    config: RunConfig
    environment: Environment
    engine: Engine
    batches: Batches
    engine_choice: EngineChoice
    setups: tuple[Setup, ...]
    offset: int = 0

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Policies of all replicas."""
        return tuple(policy for setup in self.setups for policy in setup.all_policies)

    @property
    def data_checksums(self) -> Mapping[str, str]:
        """Checksum of the samples, by the name of the environment."""
        return {self.config.environment: self.provenance["samples"]}

    @cached_property
    def provenance(self) -> Mapping[str, str]:
        """Texts and digests of what the run depends on besides its configuration."""
        return {
            "samples": hash_samples(self.environment),
            "policies": " | ".join(dict.fromkeys(_policies_repr(setup.policies) for setup in self.setups)),
            "first networks": _digest([array for setup in self.setups for array in setup.network.arrays]),
        }


def _policies_repr(layers: Any) -> str:
    """Return the policies of each layer as a text, with a digest of each group's members."""
    return "; ".join(
        policy_repr(layer)
        if isinstance(layer, Policy)
        else ", ".join(f"{policy_repr(group.policy)}: {_digest([np.asarray(group.members)])}" for group in layer)
        for layer in layers
    )


def build_run(
    config: RunConfig,
    *,
    environment: Environment | None = None,
    network: Network | Sequence[Network] | None = None,
    networks: int | None = None,
    watch: Callable[[Setup], Setup] | None = None,
) -> RunContext:
    """Assemble the parts of a run.

    Args:
        config: Configuration of the run.
        environment: Environment instead of the one that the configuration names.
        network: Initial network of every replica, or of each of them, instead of a fresh one for each seed.
        networks: Networks that are trained in all; None for those of this run alone.
        watch: Makes the setup that is played of each replica's; None for the same.

    Raises:
        NeuroNetError: The parts do not fit together.
    """
    env = resolve_environment(config, environment)
    initial_networks = build_networks(config, env, network)
    batches = Batches(len(env.train), config.batch_size, config.seeds)
    first, rounds = initial_networks[0], config.epochs * batches.per_epoch
    engine_choice = select_engine(config, sum(first.sizes[1:]), first.connections, rounds)
    setups = tuple(
        Setup(
            initial,
            config.policy.groups(initial, seed),
            config.optimizer,
            config.learning_rate,
            env.payoff,
            seed,
            engine_choice.dtype,
            channels=config.channels,
            update_schedule=config.update_schedule,
        )
        for initial, seed in zip(initial_networks, config.seeds, strict=True)
    )
    setups = setups if watch is None else tuple(map(watch, setups))
    engine = engine_choice.build(setups, config.batch_size, networks)
    return RunContext(engine_choice.resolve(config, engine).with_absolute_paths(), env, engine, batches, engine_choice, setups)


def continue_run(config: RunConfig, environment: Environment, setup: Setup, state: State, epochs: int) -> RunContext:
    """Assemble the parts of a run of one replica that goes on from a state, with other samples than before.

    Args:
        config: Configuration of the run; its policy, optimizer, channels and network are those of the setup.
        environment: Source of the samples from now on.
        setup: Game of the state, with the network's connections.
        state: State after the last round.
        epochs: Number of epochs played so far.

    Raises:
        NeuroNetError: The parts do not fit together.
    """
    env = resolve_environment(config, environment)
    network, batches = setup.network, Batches(len(env.train), config.batch_size, config.seeds)
    engine_choice = select_engine(config, sum(network.sizes[1:]), network.connections, batches.per_epoch)
    setups = (replace(setup, learning_rate=config.learning_rate, dtype=engine_choice.dtype),)
    engine = engine_choice.build(setups, config.batch_size)
    engine.restore(state)
    offset = state.round - epochs * batches.per_epoch
    return RunContext(engine_choice.resolve(config, engine), env, engine, batches, engine_choice, setups, offset)


def resolve_environment(config: RunConfig, environment: Environment | None = None) -> Environment:
    """Return the given environment, or the one that the configuration names, with its samples checked.

    Raises:
        SpecError: The name is unknown.
        DataError: The samples are not valid.
    """
    env = environment or parse_environment(config.environment, **config.data_options)
    check_samples(env)
    return env


def hash_samples(env: Environment) -> str:
    """Return a digest of all samples of an environment."""
    return _digest([array for part in (env.train, env.test) for array in _arrays(part)])


def _arrays(samples: Samples) -> list[NDArray[Any]]:
    scaling = [] if samples.scaling is None else [samples.scaling.shift, samples.scaling.factor]
    return [samples.inputs, samples.targets, *scaling]


def _digest(arrays: Sequence[NDArray[Any]]) -> str:
    digest = sha256()
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _fresh_network(config: RunConfig, env: Environment, seed: int) -> Network:
    sizes = (env.inputs, *config.hidden, env.outputs)
    network = build_network(sizes, connectivity=config.connectivity, activation=config.activation, init=config.init, seed=seed)
    if config.replicas == 1:
        return network
    if network.is_sparse and max(a * b for a, b in pairwise(sizes)) > MAX_DENSE_ENTRIES:
        raise ConfigurationError(
            f"{config.replicas} replicas of a sparse network are played with matrices, for which layers of {sizes} neurons are "
            f"too large: let a sweep have seeds = {config.replicas}, which plays each network by itself and by connection"
        )
    return with_layout(network, "dense")  # replicas are stacked, and have different connections


def build_networks(config: RunConfig, env: Environment, network: Network | Sequence[Network] | None = None) -> list[Network]:
    """Return the initial network of each replica: a fresh one for each seed, the given one for all, or given ones.

    Raises:
        ConfigurationError: A network does not fit the environment, or the networks do not fit each other.
    """
    if network is None:
        return [_fresh_network(config, env, seed) for seed in config.seeds]
    given = [network] * config.replicas if isinstance(network, Network) else list(network)
    if (given[0].sizes[0], given[0].sizes[-1]) != (env.inputs, env.outputs):
        raise ConfigurationError(
            f"the network has {given[0].sizes[0]} inputs and {given[0].sizes[-1]} outputs, "
            f"the environment needs {env.inputs} and {env.outputs}"
        )
    for seed, other in zip(config.seeds, given, strict=True):
        if (other.sizes, other.activations) != (given[0].sizes, given[0].activations):
            raise ConfigurationError(
                f"the networks of all replicas must have equal layers and activations, but that of seed {seed} has "
                f"{'-'.join(map(str, other.sizes))} and that of seed {config.seed} {'-'.join(map(str, given[0].sizes))}"
            )
    return given
