"""From a configuration to a game that can be played: environment, network, policies, engine, batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuronet.batches import Batches
from neuronet.engines.engine import Engine, Setup
from neuronet.environment import Environment, Samples, check_samples
from neuronet.errors import NeuroNetError
from neuronet.learning import rule_named
from neuronet.network import Network, build_network
from neuronet.policy import Policy
from neuronet.run.catalogue import environment_named, policy_named
from neuronet.run.choice import Choice, choose
from neuronet.run.config import RunConfig


@dataclass(frozen=True)
class Game:
    """A run's parts, put together.

    Attributes:
        environment: Where samples come from.
        engine: Which plays.
        batches: Which samples are played when.
        choice: The engine, device and precision chosen.
        policies: One for each listening layer.
        networks: The network that each replica begins with.
    """

    environment: Environment
    engine: Engine
    batches: Batches
    choice: Choice
    policies: tuple[Policy, ...]
    networks: tuple[Network, ...]

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """What the run depends on besides its configuration, as texts."""
        parts = (self.environment.train, self.environment.test)
        numbers = [array for network in self.networks for array in (*network.weights, *network.biases, *network.masks)]
        spelled = [repr(policy) if is_dataclass(policy) else type(policy).__qualname__ for policy in self.policies]
        return {
            "samples": _digest([array for part in parts for array in _arrays(part)]),
            "policies": "; ".join(spelled),
            "first networks": _digest([array for array in numbers if array is not None]),
        }


def assemble(
    config: RunConfig,
    *,
    environment: Environment | None = None,
    policy: Policy | Sequence[Policy] | None = None,
    network: Network | None = None,
) -> Game:
    """Put a game together.

    Args:
        config: The choices.
        environment: Instead of the one that the configuration names.
        policy: Instead of the one that the configuration names.
        network: A network to start from, instead of a fresh one.

    Raises:
        NeuroNetError: Parts do not fit.
    """
    world = environment or environment_named(config.environment, target=config.target, payoff=config.payoff)
    check_samples(world)
    networks = _networks(config, world, network)
    sizes = networks[0].sizes
    policies = _policies(config, policy, len(sizes) - 1)
    batches = Batches(len(world.train), config.batch_size, config.seeds)
    choice = choose(config, sum(sizes[1:]), networks[0].connections, config.epochs * batches.per_epoch)
    setups = [
        Setup(each, policies, rule_named(config.rule), config.learning_rate, world.payoff, seed, choice.dtype)
        for each, seed in zip(networks, config.seeds, strict=True)
    ]
    return Game(world, _engine(setups, choice, config.batch_size), batches, choice, policies, tuple(networks))


def _arrays(samples: Samples) -> list[NDArray[Any]]:
    scaling = [] if samples.scaling is None else [samples.scaling.shift, samples.scaling.factor]
    return [samples.inputs, samples.targets, *scaling]


def _digest(arrays: Sequence[NDArray[Any]]) -> str:
    digest = sha256()
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _networks(config: RunConfig, world: Environment, network: Network | None) -> list[Network]:
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


def _policies(config: RunConfig, policy: Policy | Sequence[Policy] | None, layers: int) -> tuple[Policy, ...]:
    if policy is None:
        texts = [config.policy] if isinstance(config.policy, str) else list(config.policy)
        given = [policy_named(text) for text in texts]
    else:
        given = [policy] if isinstance(policy, Policy) else list(policy)
    if len(given) not in (1, layers):
        raise NeuroNetError(f"there must be one policy, or one for each of {layers} listening layers, got {len(given)}")
    return tuple(given * layers if len(given) == 1 else given)


def _engine(setups: list[Setup], choice: Choice, batch_size: int) -> Engine:
    if choice.engine == "agents":
        from neuronet.engines.agents import NeuronModel

        return NeuronModel(setups[0])
    from neuronet.engines.tensors import tensor_engine

    return tensor_engine(setups, batch_size, device=choice.device)
