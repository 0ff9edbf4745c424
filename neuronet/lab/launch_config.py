"""What every session of the lab begins with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from neuronet.core.environment import Environment
from neuronet.core.errors import NeuroNetError
from neuronet.core.sample_checks import check_samples
from neuronet.core.structure.network import Network
from neuronet.core.structure.population import Population
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base import Setup
from neuronet.registry import Policies
from neuronet.training.assembly import build_networks, resolve_environment
from neuronet.training.config import RunConfig, make_config
from neuronet.training.train import coerce_environment

UNSUPPORTED_OPTIONS = (
    "engine",
    "epochs",
    "lr_schedule",
    "replicas",
    "device",
    "matmul",
    "checkpoint_every",
    "alignment",
    "interventions",
)
"""Fields of a run's configuration that mean nothing here."""


@dataclass(frozen=True, eq=False)
class LaunchConfig:
    """What a session begins with, and begins with again when it is reset.

    Attributes:
        config: The choices, as for a run.
        environment: Where samples come from.
        population: Who follows which policy.
        network: What every session starts from; None for a fresh network of the seed.
        model: Makes the model, called as `model(setup, environment=..., batch_size=...)`.
    """

    config: RunConfig
    environment: Environment
    population: Population
    network: Network | None = None
    model: Callable[..., NeuronModel] = NeuronModel

    def initial_network(self, seed: int) -> Network:
        """The network with which a session of this seed begins."""
        return build_networks(self.config.model_copy(update={"seed": seed}), self.environment, self.network)[0]


def make_launch_config(
    environment: str | Environment | tuple[Any, Any],
    *,
    policy: Policies = "attention",
    network: Network | None = None,
    model: Callable[..., NeuronModel] = NeuronModel,
    **options: Any,
) -> LaunchConfig:
    """What a session begins with, from choices as for `neuronet.train`.

    Args:
        environment: A name, an Environment, or a pair of arrays (inputs, targets).
        policy: A text, a Policy, a Population, or one text or Policy for each listening layer.
        network: A network to start from; without, a fresh one.
        model: What makes the model.
        **options: Other fields of RunConfig that shape the network and its game.

    Raises:
        NeuroNetError: Something does not fit, or an option means nothing here.
    """
    unsupported = next((name for name in options if name in UNSUPPORTED_OPTIONS), None)
    if unsupported is not None:
        raise NeuroNetError(f"{unsupported} is an option of runs: the lab plays round after round on the agent engine")
    if not callable(model):
        raise NeuroNetError(f"model must be a subclass of NeuronModel, or make one, got {model!r}")
    given, name = coerce_environment(environment, options.get("payoff", "auto"))
    config = make_config({**options, "environment": name, "policy": policy})
    loaded = resolve_environment(config, given)
    check_samples(loaded)
    launch_config = LaunchConfig(config, loaded, config.policy, network, model)
    network = launch_config.initial_network(config.seed)  # refuse what does not fit before there is a page
    groups = launch_config.population.groups(network, config.seed)
    Setup(network, groups, payoff=loaded.payoff, channels=config.channels, update_schedule=config.update_schedule)
    return launch_config
