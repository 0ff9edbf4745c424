"""Settings that a reader of the page can change, and the populations and channels that they make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from neuronet.channels import ChannelAt, Delay, Dropout, KWinners
from neuronet.core import (
    ConfigurationError,
    Group,
    Layers,
    Network,
    NeuroNetError,
    Policy,
    Population,
    Shares,
    check_number,
    check_seed,
)
from neuronet.lab.launch_config import LaunchConfig
from neuronet.policies import Noisy
from neuronet.registry import format_option, parse_policy, parse_update_schedule, short_name

AS_STARTED = "as started"
"""Stands in place of a policy's name for the population that the session was started with."""


@dataclass(frozen=True)
class Controls:
    """Settings of a session.

    Attributes:
        policy: Policy of most neurons, such as "greedy(top=3)", or `AS_STARTED`.
        other: Policy of some hidden neurons.
        share: Fraction of each hidden layer that follows `other`, 0 to 1.
        learning_rate: Learning rate (> 0).
        noise: Standard deviation of the noise on hidden neurons' feedback, relative to its root mean square (>= 0).
        dropout: Fraction of demands that are lost, 0 to below 1.
        delay: Rounds by which demands are delayed (>= 0).
        winner_fraction: Fraction of a hidden layer that is heard on a sample, the largest activities, above 0 to 1.
        update_schedule: Update schedule, such as "random-sequential"; used from the next reset on.
        seed: Random seed (>= 0); used from the next reset on.

    Raises:
        NeuroNetError: A setting is out of range, or the update schedule is unknown.
    """

    policy: str = AS_STARTED
    other: str = "free-rider"
    share: float = 0.0
    learning_rate: float = 0.02
    noise: float = 0.0
    dropout: float = 0.0
    delay: int = 0
    winner_fraction: float = 1.0
    update_schedule: str = "synchronous"
    seed: int = 0

    def __post_init__(self) -> None:
        check_number("share", self.share, 0, 1)
        check_number("learning_rate", self.learning_rate, 0, above=True)
        check_number("noise", self.noise, 0)
        check_number("dropout", self.dropout, 0, 1, below=True)
        check_number("delay", self.delay, 0, whole=True)
        check_number("winner_fraction", self.winner_fraction, 0, 1, above=True)
        parse_update_schedule(self.update_schedule)
        check_seed(self.seed)

    def channels(self, started: Iterable[ChannelAt]) -> tuple[ChannelAt, ...]:
        """Return the channels between layers: those the session was started with, and those of the settings."""
        added = []
        if self.dropout:
            added.append(ChannelAt("demand", Dropout(share=self.dropout)))
        if self.delay:
            added.append(ChannelAt("demand", Delay(rounds=self.delay)))
        if self.winner_fraction < 1:
            added.append(ChannelAt("activity", KWinners(share=self.winner_fraction)))
        return (*started, *added)

    def layers(self, started: Population, network: Network, seed: int) -> Layers:
        """Return the policies of a network's neurons.

        Args:
            started: The population that `AS_STARTED` stands for.
            network: The network.
            seed: Seed of the assignment of neurons to groups.

        Raises:
            SpecError: A policy is unknown.
            ConfigurationError: A share is too small for one neuron, or the initial population is mixed.
        """
        layers = self._population(started).groups(network, seed)
        if not self.noise:
            return layers
        return (*(_noisy(layer, self.noise) for layer in layers[:-1]), layers[-1])

    def _population(self, started: Population) -> Population:
        if self.policy == AS_STARTED:
            if self.share > 0:
                raise ConfigurationError("share must be 0 for the initial population: select a policy for most neurons first")
            return started
        majority, other = parse_policy(self.policy), parse_policy(self.other)
        if not self.share or majority == other:
            return Shares(((majority, 1.0),))
        return Shares(((majority, 1.0 - self.share), (other, self.share)))


def controls_of(launch_config: LaunchConfig) -> Controls:
    """Return the initial settings: the policies of the launch configuration if they have names, else `AS_STARTED`."""
    config = launch_config.config
    controls = Controls(
        learning_rate=config.learning_rate, update_schedule=format_option(config.update_schedule), seed=config.seed
    )
    if not isinstance(launch_config.population, Shares) or len(launch_config.population.parts) > 2:
        return controls
    policies, shares = zip(*launch_config.population.parts, strict=True)
    names = [short_name(policy) for policy in policies]
    for name, policy in zip(names, policies, strict=True):
        try:
            if parse_policy(name) != policy:
                return controls
        except NeuroNetError:  # an unregistered policy
            return controls
    if len(names) == 1:
        return replace(controls, policy=names[0])
    return replace(controls, policy=names[0], other=names[1], share=shares[1])


def _noisy(layer: Policy | Sequence[Group], noise: float) -> Policy | tuple[Group, ...]:
    if isinstance(layer, Policy):
        return Noisy(layer, sigma=noise)
    return tuple(Group(Noisy(group.policy, sigma=noise), group.members) for group in layer)


def without_noise(policy: Policy, noise: float) -> Policy:
    """Return the policy under the noise that the settings added."""
    return policy.policy if noise and isinstance(policy, Noisy) and policy.sigma == noise else policy
