"""Initial state of every session of the lab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from neuronet.core import ConfigurationError, Environment, Network, Population, check_samples
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base import Setup
from neuronet.registry import Policies
from neuronet.training import DATA_OPTIONS, RunConfig, build_networks, coerce_environment, make_config, resolve_environment

UNSUPPORTED_OPTIONS = (
    "engine",
    "epochs",
    "lr_schedule",
    "replicas",
    "device",
    "matmul",
    "kernels",
    "patience",
    "monitor",
    "checkpoint_every",
    "alignment",
    "interventions",
)
"""Fields of RunConfig that have no meaning in the lab."""


@dataclass(frozen=True, eq=False)
class LaunchConfig:
    """Initial state of a session, also after a reset.

    Attributes:
        config: Options, as for a run.
        environment: Source of samples.
        population: Policies of the neurons.
        network: Initial network; None for a new one of the seed.
        model: Called as `model(setup, environment=..., batch_size=...)`.
    """

    config: RunConfig
    environment: Environment
    population: Population
    network: Network | None = None
    model: Callable[..., NeuronModel] = NeuronModel

    def initial_network(self, seed: int) -> Network:
        """Return the initial network of a session with this seed."""
        return build_networks(self.config.model_copy(update={"seed": seed}), self.environment, self.network)[0]


def make_launch_config(
    environment: str | Environment | tuple[Any, Any],
    *,
    policy: Policies = "attention",
    network: Network | None = None,
    model: Callable[..., NeuronModel] = NeuronModel,
    **options: Any,
) -> LaunchConfig:
    """Return the initial state of a session, from options as for `neuronet.train`.

    Args:
        environment: A name, an Environment, or a pair of arrays (inputs, targets).
        policy: A text, a Policy, a Population, or one text or Policy for each listening layer.
        network: Initial network; None for a new one.
        model: Called as `model(setup, environment=..., batch_size=...)`.
        **options: Other fields of RunConfig that shape the network and its training.

    Raises:
        ConfigurationError: An option is invalid, or has no meaning in the lab.
        NeuroNetError: A policy is unknown, or the network does not fit the environment.
    """
    unsupported = next((name for name in options if name in UNSUPPORTED_OPTIONS), None)
    if unsupported is not None:
        raise ConfigurationError(f"{unsupported} is an option of runs only: the lab plays single rounds on the agent engine")
    if not callable(model):
        raise ConfigurationError(f"model must be a subclass of NeuronModel, or return one, got {model!r}")
    given, name = coerce_environment(environment, **{name: options[name] for name in DATA_OPTIONS if name in options})
    config = make_config({**options, "environment": name, "policy": policy})
    loaded = resolve_environment(config, given)
    check_samples(loaded)
    launch_config = LaunchConfig(config, loaded, config.policy, network, model)
    network = launch_config.initial_network(config.seed)  # refuse a mismatch before the page is served
    groups = launch_config.population.groups(network, config.seed)
    Setup(network, groups, payoff=loaded.payoff, channels=config.channels, update_schedule=config.update_schedule)
    return launch_config
