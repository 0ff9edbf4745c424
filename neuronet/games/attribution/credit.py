"""Credit: the contribution of each neuron of a layer to the network, compared with the attention that it receives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuronet.core import ConfigurationError, Environment, Measure, Network, Power, check_number
from neuronet.games.attribution.shapley import MAX_SAMPLES, Bools, Coalitions, exact_shapley, leave_one_out, sampled_shapley
from neuronet.games.simulation.game_setup import GameSetup, InitialState
from neuronet.games.simulation.payoffs import Floats, attention_payoff
from neuronet.games.simulation.profiles import Profile, cached_short_name, policies_of
from neuronet.games.simulation.training import train_profile
from neuronet.statistics import gini, interval

MAX_EXACT_NEURONS = 12
"""Largest number of neurons for which Shapley values are exact."""


@dataclass(frozen=True, eq=False)
class Credit:
    """Contributions and attention of the neurons of a layer.

    Attributes:
        shapley: Shapley values in units of loss, (J,); their sum is the increase of loss if all activities become their means.
        low: Lower ends of the 95% intervals over samples, (J,).
        high: Upper ends of the 95% intervals over samples, (J,).
        leave_one_out: Increase of loss if the activity of one neuron becomes its mean, (J,).
        attention: Utility, (J,).
        scaled: Utility of attention times the standard deviation of the activity, (J,).
        exact: Whether the Shapley values are exact for each sample.
    """

    shapley: Floats
    low: Floats
    high: Floats
    leave_one_out: Floats
    attention: Floats
    scaled: Floats
    exact: bool

    @property
    def share(self) -> Floats:
        """Return each neuron's share of the layer's attention, (J,); nan if the layer has none."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.attention / self.attention.sum())

    @property
    def free_riding(self) -> Bools:
        """Return whether each neuron has at least an equal share of attention and an interval of credit that includes 0, (J,)."""
        return np.asarray((self.share >= 1 / len(self.share)) & (self.low <= 0) & (self.high >= 0))

    def correlation(self, other: str = "attention") -> float:
        """Return Spearman's rank correlation of credit with `attention`, `scaled` or `leave_one_out`; nan if one is constant."""
        from scipy.stats import rankdata

        one, two = rankdata(self.shapley), rankdata(getattr(self, other))
        if np.ptp(one) == 0 or np.ptp(two) == 0:
            return float("nan")
        return float(np.corrcoef(one, two)[0, 1])

    @property
    def gini(self) -> float:
        """Return the Gini coefficient of the attention, from 0 (equal) to 1."""
        return gini(self.attention)


def attribute_credit(
    network: Network,
    environment: Environment,
    *,
    layer: int = 1,
    permutations: int = 32,
    samples: int = MAX_SAMPLES,
    measure: Measure | None = None,
    seed: int = 0,
) -> Credit:
    """Return the contributions of the neurons of a hidden layer, measured on test samples.

    Args:
        network: Trained network.
        environment: Environment of the test samples.
        layer: Layer, 1 for the first hidden layer.
        permutations: Number of orders per sample (even), for layers of more than MAX_EXACT_NEURONS neurons.
        samples: Largest number of test samples.
        measure: Utility of a unit of attention; None for the square.
        seed: Seed of the orders.

    Raises:
        ConfigurationError: A value is out of range.
    """
    check_number("permutations", permutations, 2, whole=True)
    if permutations % 2:
        raise ConfigurationError(f"permutations must be an even number, got {permutations}")
    with closing(Coalitions(network, environment, layer, samples)) as coalitions:
        exact = coalitions.neurons <= MAX_EXACT_NEURONS
        values = exact_shapley(coalitions) if exact else sampled_shapley(coalitions, permutations, seed)
        left_out = leave_one_out(coalitions)
        activity_std = coalitions.activity.std(axis=0)
    bounds = np.array([interval(values[:, neuron]) for neuron in range(values.shape[1])])
    attention, attention_measure = network.weights[layer], measure or Power()
    return Credit(
        shapley=bounds[:, 0],
        low=bounds[:, 1],
        high=bounds[:, 2],
        leave_one_out=left_out,
        attention=attention_payoff(attention, attention_measure),
        scaled=attention_payoff(attention * activity_std, attention_measure),
        exact=exact,
    )


def correlation_interval(values: Floats) -> tuple[float, float, float]:
    """Return mean, low and high of the 95% interval of correlations: Student's t on Fisher's z scale (1915)."""
    mean, low, high = interval(np.arctanh(np.clip(values, -1 + 1e-9, 1 - 1e-9)))
    return float(np.tanh(mean)), float(np.tanh(low)), float(np.tanh(high))


@dataclass(frozen=True, eq=False)
class CreditStudy:
    """Credit in networks from several seeds.

    Attributes:
        credits: Credit by seed.
        policies: Name of the policy of each neuron of the layer, by seed.
        networks: Trained networks by seed.
    """

    credits: dict[int, Credit]
    policies: dict[int, tuple[str, ...]]
    networks: dict[int, Network]

    def table(self) -> pd.DataFrame:
        """Return one row per seed and neuron."""
        parts = [
            pd.DataFrame(
                {
                    "seed": seed,
                    "neuron": np.arange(len(credit.shapley)),
                    "policy": self.policies[seed],
                    "attention": credit.attention,
                    "attention_share": credit.share,
                    "scaled": credit.scaled,
                    "shapley": credit.shapley,
                    "low": credit.low,
                    "high": credit.high,
                    "leave_one_out": credit.leave_one_out,
                    "free_riding": credit.free_riding,
                }
            )
            for seed, credit in self.credits.items()
        ]
        return pd.concat(parts, ignore_index=True)

    def summary(self) -> pd.DataFrame:
        """Return one row per measure with its mean over the seeds and its 95% interval, nan for one seed."""
        credits = list(self.credits.values())
        correlations = {
            "rank correlation of credit with attention": "attention",
            "rank correlation of credit with scaled attention": "scaled",
            "rank correlation of credit with leave-one-out": "leave_one_out",
        }
        rows = {
            name: correlation_interval(np.array([credit.correlation(other) for credit in credits]))
            for name, other in correlations.items()
        }
        rows["Gini of attention"] = interval(np.array([credit.gini for credit in credits]))
        mean, low, high = interval(np.array([credit.free_riding.mean() for credit in credits]))
        rows["free riders (share of neurons)"] = mean, max(low, 0.0), min(high, 1.0)
        lines = [{"measure": name, "mean": mean, "low": low, "high": high} for name, (mean, low, high) in rows.items()]
        return pd.DataFrame(lines).assign(seeds=len(credits))


def credit_study(
    game_setup: GameSetup,
    profile: Profile,
    seeds: Sequence[int],
    *,
    layer: int = 1,
    permutations: int = 32,
    samples: int = MAX_SAMPLES,
) -> CreditStudy:
    """Train a network from each seed, and attribute credit to its neurons.

    Args:
        game_setup: Settings of the game; its `rounds` is the length of training.
        profile: Policies of the neurons.
        seeds: Seeds of the networks and of all other random draws.
        layer: Layer, 1 for the first hidden layer.
        permutations: Number of orders per sample, as for `attribute_credit`.
        samples: Largest number of test samples.

    Raises:
        ConfigurationError: A value is out of range.
    """
    if not seeds:
        raise ConfigurationError("seeds must not be empty")
    ends = (train_profile(game_setup, profile, seed, game_setup.rounds) for seed in seeds)
    return credit_of(game_setup, ends, layer=layer, permutations=permutations, samples=samples)


def credit_of(
    game_setup: GameSetup,
    starts: Iterable[InitialState],
    *,
    layer: int = 1,
    permutations: int = 32,
    samples: int = MAX_SAMPLES,
) -> CreditStudy:
    """Attribute credit to the neurons of trained networks.

    Args:
        game_setup: Settings of the game.
        starts: States of the networks, with seeds that differ.
        layer: Layer, 1 for the first hidden layer.
        permutations: Number of orders per sample, as for `attribute_credit`.
        samples: Largest number of test samples.

    Raises:
        ConfigurationError: A value is out of range.
    """
    if game_setup.channels:
        raise ConfigurationError("credit is attributed without channels: leave channels out")
    credits, policies, networks = {}, {}, {}
    for end in starts:
        seed = end.seed
        assert end.state is not None and end.layers is not None
        networks[seed] = end.state.network(end.network)
        credits[seed] = attribute_credit(
            networks[seed],
            game_setup.environment,
            layer=layer,
            permutations=permutations,
            samples=samples,
            measure=game_setup.measure,
            seed=seed,
        )
        policies[seed] = tuple(cached_short_name(policy) for policy in policies_of(end.layers, game_setup.sizes)[layer - 1])
    return CreditStudy(credits, policies, networks)
