"""Payoffs that need more than attention: a price on speech, and pay by contribution to the network.

priced        attention minus `price / 2` times the mean squared activity: a cost of speech
contribution  the network's loss without the neuron minus its loss with it: the pay of a Vickrey-Clarke-Groves mechanism (Clarke
              1971) if what is best for all is a low loss
credit        the neuron's Shapley value (1953): its mean contribution over all orders in which the layer's neurons join

A neuron that is absent says its mean. Both count the loss of test samples.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuronet.channels import ChannelAt
from neuronet.core import ConfigurationError, Environment, Network, check_number
from neuronet.games.attribution.shapley import Coalitions, leave_one_out, sampled_shapley
from neuronet.games.simulation.payoffs import AttentionHoldings, Floats

SAMPLES = 128
"""Default of the number of test samples on which contributions are measured."""


class PlayedGames(Protocol):
    """R games as payoffs see them, at any moment."""

    @property
    def environment(self) -> Environment:
        """Source of the test samples."""

    @property
    def channels(self) -> tuple[ChannelAt, ...]:
        """Channels between the layers."""

    def networks(self) -> list[Network]:
        """Return the networks as they are now."""

    def activities(self, inputs: NDArray[Any]) -> tuple[list[Floats], list[Floats]]:
        """Return what the neurons say on inputs (B, I), and what their listeners hear, (R, B, J) per hidden layer each."""


class GamePayoff(Protocol):
    """Payoff of a game besides KINDS."""

    @property
    def name(self) -> str:
        """Name of the payoff in tables and options."""

    def of_games(self, games: PlayedGames, after: AttentionHoldings, loss: Floats) -> tuple[Floats, ...]:
        """Return the payoffs of the neurons at the end of R games, (R, J) per hidden layer.

        Args:
            games: The games, as they are now.
            after: Attention, and what the neurons say on the probe batch.
            loss: Test loss of each network, (R,).
        """


class NetworkPayoff(ABC):
    """Built-in payoff with parameters. Subclass it as a frozen dataclass."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of the payoff in tables and options."""

    @abstractmethod
    def of_games(self, games: PlayedGames, after: AttentionHoldings, loss: Floats) -> tuple[Floats, ...]:
        """Return the payoffs of the neurons at the end of R games, (R, J) per hidden layer, as `GamePayoff` says."""


@dataclass(frozen=True)
class PricedPayoff(NetworkPayoff):
    """Attention minus a price on speech: `price / 2` times the mean square of what the neuron says on the probe batch.

    Args:
        price: Price per squared activity (>= 0).

    Raises:
        ConfigurationError: The price is out of range.
    """

    price: float = 0.1

    def __post_init__(self) -> None:
        check_number("price", self.price, 0)

    @property
    def name(self) -> str:
        """The spec."""
        return f"priced({self.price:g})"

    def of_games(self, games: PlayedGames, after: AttentionHoldings, loss: Floats) -> tuple[Floats, ...]:
        """Return attention minus the price paid, (R, J) per hidden layer."""
        pairs = zip(after.by_kind["attention"], after.activity, strict=True)
        return tuple(paid - self.price / 2 * np.square(said).mean(axis=-2) for paid, said in pairs)


@dataclass(frozen=True)
class ContributionPayoff(NetworkPayoff):
    """The network's test loss without the neuron minus its loss with it.

    Args:
        samples: Largest number of test samples (>= 2).

    Raises:
        ConfigurationError: A value is out of range.
    """

    samples: int = SAMPLES

    def __post_init__(self) -> None:
        check_number("samples", self.samples, 2, whole=True)

    @property
    def name(self) -> str:
        """The name in NETWORK_PAYOFFS."""
        return "contribution"

    def of_games(self, games: PlayedGames, after: AttentionHoldings, loss: Floats) -> tuple[Floats, ...]:
        """Return the contributions, (R, J) per hidden layer."""
        return coalition_payoffs(games, self.samples, leave_one_out)


@dataclass(frozen=True)
class CreditPayoff(NetworkPayoff):
    """The neuron's Shapley value, sampled in the same orders in all games, so that they can be compared.

    Args:
        samples: Largest number of test samples (>= 2).
        permutations: Number of orders per sample, even and 2 or more.

    Raises:
        ConfigurationError: A value is out of range.
    """

    samples: int = SAMPLES
    permutations: int = 2

    def __post_init__(self) -> None:
        check_number("samples", self.samples, 2, whole=True)
        check_number("permutations", self.permutations, 2, whole=True)
        if self.permutations % 2:
            raise ConfigurationError(f"permutations must be an even number, got {self.permutations}")

    @property
    def name(self) -> str:
        """The name in NETWORK_PAYOFFS."""
        return "credit"

    def of_games(self, games: PlayedGames, after: AttentionHoldings, loss: Floats) -> tuple[Floats, ...]:
        """Return the Shapley values, (R, J) per hidden layer."""
        return coalition_payoffs(games, self.samples, lambda found: sampled_shapley(found, self.permutations, 0).mean(axis=0))


NETWORK_PAYOFFS: Mapping[str, type[NetworkPayoff]] = {
    "priced": PricedPayoff,
    "contribution": ContributionPayoff,
    "credit": CreditPayoff,
}
"""Payoffs with parameters, by name."""


def coalition_payoffs(games: PlayedGames, samples: int, pay: Callable[[Coalitions], Floats]) -> tuple[Floats, ...]:
    """Return payoffs that are functions of the values of coalitions, (R, J) per hidden layer.

    Layers above the coalition's speak as their weights say.

    Raises:
        ConfigurationError: The games have channels, of which coalitions know nothing.
    """
    if games.channels:
        raise ConfigurationError("pay by contribution is measured without channels: leave channels out")
    environment, networks = games.environment, games.networks()
    inputs = np.asarray(environment.test.at(slice(0, min(samples, len(environment.test)))).inputs)
    _, heard = games.activities(inputs)
    found = []
    for number, activity in enumerate(heard, start=1):
        paid = np.empty((len(networks), activity.shape[-1]))
        for row, network in enumerate(networks):
            with closing(Coalitions(network, environment, number, samples, activity[row])) as coalitions:
                paid[row] = pay(coalitions)
        found.append(paid)
    return tuple(found)
