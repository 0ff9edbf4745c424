"""What every session of the lab begins with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from neuronet.core.environment import Environment, check_samples
from neuronet.core.errors import NeuroNetError
from neuronet.core.structure.network import Network
from neuronet.core.structure.population import Population
from neuronet.engines.agents import NeuronModel
from neuronet.engines.base.engine import Setup
from neuronet.registry.population_spec import Policies, population_from, text_of
from neuronet.training.assembly import networks_of, world_of
from neuronet.training.config import RunConfig, make_config
from neuronet.training.train import environment_given

UNUSED = ("engine", "epochs", "schedule", "replicas", "device", "matmul", "checkpoint_every", "alignment", "interventions")
"""Fields of a run's configuration that mean nothing here."""


@dataclass(frozen=True, eq=False)
class Start:
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

    def first_network(self, seed: int) -> Network:
        """The network with which a session of this seed begins."""
        return networks_of(self.config.model_copy(update={"seed": seed}), self.environment, self.network)[0]


def start_from(
    environment: str | Environment | tuple[Any, Any],
    *,
    policy: Policies = "attention",
    network: Network | None = None,
    model: Callable[..., NeuronModel] = NeuronModel,
    **options: Any,
) -> Start:
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
    unused = next((name for name in options if name in UNUSED), None)
    if unused is not None:
        raise NeuroNetError(f"{unused} is an option of runs: the lab plays round after round on the agent engine")
    if not callable(model):
        raise NeuroNetError(f"model must be a subclass of NeuronModel, or make one, got {model!r}")
    given, name = environment_given(environment, options.get("payoff", "auto"))
    config = make_config({**options, "environment": name, "policy": text_of(policy)})
    world = world_of(config, given)
    check_samples(world)
    start = Start(config, world, population_from(policy), network, model)
    network = start.first_network(config.seed)  # refuse what does not fit before there is a page
    groups = start.population.groups(network, config.seed)
    Setup(network, groups, payoff=world.payoff, channels=config.channels, turns=config.turns)
    return start
