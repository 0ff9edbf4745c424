"""What a reader of the page can set, and what it means for a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from neuronet.channels import ChannelAt, Delay, Dropout, KWinners
from neuronet.core.errors import NeuroNetError, check_number
from neuronet.core.policy import Policy
from neuronet.core.random_streams import check_seed
from neuronet.core.structure.network import Network
from neuronet.core.structure.population import Group, Layers, Population, Shares
from neuronet.lab.launch_config import LaunchConfig
from neuronet.policies import Noisy
from neuronet.registry import format_option, parse_policy, parse_update_schedule, short_name

AS_STARTED = "as started"
"""Instead of a policy's name: the population that the session was started with."""


@dataclass(frozen=True)
class Controls:
    """What a reader can set.

    Attributes:
        policy: What most neurons follow, such as "greedy(top=3)", or `AS_STARTED`.
        other: What a part of the hidden neurons follows instead.
        share: That part of each hidden layer, 0 to 1.
        learning_rate: eta, above 0.
        noise: Standard deviation of the noise on the hidden neurons' feedback, in units of its root mean square, 0 or more.
        dropout: Part of the demands that are lost on their way, 0 to below 1.
        delay: Rounds by which demands come late, 0 or more.
        winner_fraction: Part of a hidden layer's neurons that are heard on a sample, the loudest, above 0 to 1.
        update_schedule: Who acts when, such as "random-sequential"; it counts from the next reset on.
        seed: Of the weights and all other chance; it counts from the next reset on.

    Raises:
        NeuroNetError: One is out of range.
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
        """What lies between the layers: the channels of the start, and the faults that are set."""
        faults = []
        if self.dropout:
            faults.append(ChannelAt("demand", Dropout(share=self.dropout)))
        if self.delay:
            faults.append(ChannelAt("demand", Delay(rounds=self.delay)))
        if self.winner_fraction < 1:
            faults.append(ChannelAt("activity", KWinners(share=self.winner_fraction)))
        return (*started, *faults)

    def layers(self, started: Population, network: Network, seed: int) -> Layers:
        """Who follows which policy in this network.

        Args:
            started: What `AS_STARTED` stands for.
            network: Its neurons.
            seed: Decides who is in which group.

        Raises:
            NeuroNetError: A policy is unknown, or a share is too small for one neuron.
        """
        layers = self._population(started).groups(network, seed)
        if not self.noise:
            return layers
        return (*(_noisy(each, self.noise) for each in layers[:-1]), layers[-1])

    def _population(self, started: Population) -> Population:
        if self.policy == AS_STARTED:
            if self.share > 0:
                raise NeuroNetError("a population as it was started is not mixed any further: choose a policy for most first")
            return started
        most, other = parse_policy(self.policy), parse_policy(self.other)
        if not self.share or most == other:
            return Shares(((most, 1.0),))
        return Shares(((most, 1.0 - self.share), (other, self.share)) if self.share < 1 else ((most, 0.0), (other, 1.0)))


def controls_of(launch_config: LaunchConfig) -> Controls:
    """What is set at first: the policies of a start that can be named, or `AS_STARTED`."""
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
        except NeuroNetError:  # one of the user's own that has no name
            return controls
    if len(names) == 1:
        return replace(controls, policy=names[0])
    return replace(controls, policy=names[0], other=names[1], share=shares[1])


def _noisy(layer: Policy | Sequence[Group], noise: float) -> Policy | tuple[Group, ...]:
    if isinstance(layer, Policy):
        return Noisy(layer, sigma=noise)
    return tuple(Group(Noisy(group.policy, sigma=noise), group.members) for group in layer)


def without_noise(policy: Policy, noise: float) -> Policy:
    """The policy beneath the noise that a reader has set."""
    return policy.policy if noise and isinstance(policy, Noisy) and policy.sigma == noise else policy
